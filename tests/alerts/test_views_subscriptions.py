"""The page where everybody says what they hear of."""

import pytest
from django.urls import reverse

from alerts.models import Subscription
from tests.accounts.people import make_person
from tests.alerts.makers import make_channel

pytestmark = pytest.mark.django_db
MINE = reverse("subscriptions")


def test_everybody_manages_their_own_on_a_page(client, login):
    person = login("viewer")
    given = {"match": 'service="billing"', "min_severity": "high", "enabled": "on"}
    assert client.post(MINE, given).status_code == 302
    found = Subscription.objects.get()
    assert (found.user, found.enabled, found.zone) == (person, True, "UTC")
    text = client.get(MINE).content.decode()
    assert found.name.replace('"', "&quot;") in text
    url = reverse("subscription", args=[found.pk])
    assert client.post(url, given | {"digest": "daily 09:00", "zone": "Europe/Berlin"}).status_code
    found.refresh_from_db()
    assert found.digest == "daily 09:00"
    assert client.post(url, {"remove": "1"}).status_code == 302
    assert not Subscription.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"match": "a=="}, "match"),
        ({"min_severity": "awful"}, "min_severity"),
        ({"digest": "often"}, "digest"),
        ({"quiet_hours": "nights"}, "quiet_hours"),
        ({"zone": "Mars"}, "zone"),
        ({"match": "a\0b"}, "match"),
    ],
)
def test_my_page_says_what_is_not_right(client, login, change, field):
    login("viewer")
    answer = client.post(MINE, {"min_severity": "high"} | change)
    assert answer.status_code == 200
    assert field in answer.context["form"].errors
    assert not Subscription.objects.exists()


def test_only_ones_own_channels_are_offered_and_only_ones_own_rows_open(client, login, team):
    person, other = login("viewer"), make_person("viewer")
    own = make_channel("own", user=person)
    make_channel("others", user=other)
    make_channel("teams", team=team)
    form = client.get(MINE).context["form"]
    assert list(form.fields["channel"].queryset) == [own]
    theirs = Subscription.objects.create(name="theirs", user=other)
    url = reverse("subscription", args=[theirs.pk])
    assert client.get(url).status_code == 404
    assert client.post(url, {"remove": "1"}).status_code == 404


def test_a_name_that_is_taken_is_said_on_the_page(client, login):
    login("viewer")
    Subscription.objects.create(name="mine", user=make_person("viewer"))
    answer = client.post(MINE, {"min_severity": "high", "name": "mine"})
    assert "name" in answer.context["form"].errors


def test_the_page_takes_as_many_queries_for_20_as_for_2(
    client, login, team, django_assert_max_num_queries
):
    person = login("viewer")
    channel = make_channel("teams", team=team)
    own = make_channel("own", user=person)
    for number in range(20):
        Subscription.objects.create(name=f"m{number}", user=person, channel=own)
        Subscription.objects.create(name=f"t{number}", team=team, channel=channel)
    with django_assert_max_num_queries(10):
        client.get(MINE)


def test_who_has_no_role_is_not_let_in(client):
    client.force_login(make_person())
    assert client.get(MINE).status_code == 403
    assert client.post(MINE, {}).status_code == 403

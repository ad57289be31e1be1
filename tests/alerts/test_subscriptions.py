"""Subscriptions: whose they are, what is refused, what is kept."""

import pytest
from django.db.models import RestrictedError

from alerts.change import delete_channel, delete_subscription, save_subscription
from alerts.models import PolicyVersion, Subscription
from opsportal.accounts.models import AuditEntry
from opsportal.lib.errors import ConflictError, PayloadError
from tests.accounts.people import make_person, make_team
from tests.alerts.makers import JO, NOW, make_channel

pytestmark = pytest.mark.django_db


def complaints(subscription: Subscription) -> dict[str, str]:
    with pytest.raises(PayloadError) as caught:
        save_subscription(subscription, actor=JO, now=NOW)
    return {error.field: error.message for error in caught.value.errors}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"match": "service=="}, "match"),
        ({"min_severity": "awful"}, "min_severity"),
        ({"digest": "sometimes"}, "digest"),
        ({"quiet_hours": "at night"}, "quiet_hours"),
        ({"zone": "Mars"}, "zone"),
        ({"zone": ""}, "zone"),
        ({"name": "n" * 101}, "name"),
    ],
)
def test_what_is_not_right_is_refused_by_its_field(values, field):
    person = make_person("viewer")
    assert field in complaints(Subscription(user=person, **values))


def test_it_is_one_persons_or_one_teams():
    assert "" in complaints(Subscription(name="nobody's"))
    both = Subscription(name="both", user=make_person("viewer"), team=make_team())
    assert "" in complaints(both)


def test_people_are_told_by_their_own_channels_and_teams_by_theirs_or_nobodys():
    team, other, person = make_team(), make_team(), make_person("viewer")
    own = make_channel("own", user=person)
    teams = make_channel("teams", team=team)
    others = make_channel("others", team=other)
    shared = make_channel("shared")
    for values in ({"user": person}, {"user": person, "channel": own}):
        assert save_subscription(Subscription(**values), actor=JO, now=NOW)
    for channel in (teams, shared):
        assert save_subscription(Subscription(team=team, channel=channel), actor=JO, now=NOW)
    for channel in (teams, others, shared):
        assert "channel" in complaints(Subscription(user=person, channel=channel))
    for channel in (None, own, others):
        assert "channel" in complaints(Subscription(team=team, channel=channel))


def test_it_is_named_after_whose_it_is_and_what_it_is_about():
    person = make_person("viewer", username="kim")
    names = []
    for match in ("", "", 'service="billing"'):
        found = Subscription(user=person, match=match)
        save_subscription(found, actor=JO, now=NOW)
        names.append(found.name)
    assert names == ["kim: everything", "kim: everything 2", 'kim: service="billing"']


def test_it_is_kept_with_versions_and_a_trail():
    person = make_person("viewer")
    channel = make_channel(user=person)
    found = Subscription(
        user=person, channel=channel, digest="every  30m", quiet_hours="22:00-7:00"
    )
    assert save_subscription(found, actor=JO, now=NOW)
    assert found.digest == "every 30m"
    assert not save_subscription(found, actor=JO, now=NOW)
    found.min_severity = "high"
    assert save_subscription(found, actor=JO, now=NOW)
    assert found.version == 2
    delete_subscription(found, actor=JO, now=NOW)
    versions = list(PolicyVersion.objects.filter(kind="subscription").order_by("number"))
    assert [version.removed for version in versions] == [False, False, True]
    ids = {"user": person.pk, "team": None, "channel": channel.pk}
    assert all(version.state["ids"] == ids for version in versions)
    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["create", "change", "delete"]


def test_who_is_deleted_takes_own_channels_and_subscriptions_along():
    person = make_person("viewer")
    channel = make_channel("own", user=person)
    Subscription.objects.create(name="own", user=person, channel=channel)
    person.delete()
    assert not Subscription.objects.exists()


def test_a_channel_that_a_team_is_subscribed_by_stays():
    person = make_person("viewer")
    channel = make_channel("own", user=person)
    Subscription.objects.create(name="ours", team=make_team(), channel=channel)
    with pytest.raises(RestrictedError):
        person.delete()


def test_a_channel_that_is_subscribed_by_is_not_deleted():
    channel = make_channel("chat")
    Subscription.objects.create(name="ours", team=make_team(), channel=channel)
    with pytest.raises(ConflictError, match="chat is subscribed by: ours"):
        delete_channel(channel, actor=JO, now=NOW)

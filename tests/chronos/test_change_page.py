"""The page of a change: all that is known of it, and what stands around it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.models import RawDelivery
from chronos.models import ChangeEvent
from tests.accounts.people import make_key, make_person
from tests.alerts.makers import make_alert
from tests.chronos.makers import NOW, make_change
from tests.chronos.plans import plans_of, reads_all

pytestmark = pytest.mark.django_db
EVIL = "<script>alert('x')</script>"


@pytest.fixture
def visitor(client):
    client.force_login(make_person("viewer"))
    return client


def test_it_is_for_those_with_a_role(client):
    event = make_change()
    assert client.get(event.get_absolute_url()).status_code == 302
    client.force_login(make_person())
    assert client.get(event.get_absolute_url()).status_code == 403


@pytest.mark.parametrize("number", [0, 999_999, 2**63, 10**30])
def test_what_is_not_there_is_404(visitor, number):
    assert visitor.get(f"/changes/{number}/").status_code == 404


def test_it_shows_what_is_known_escaped(visitor):
    event = make_change(
        lasting=4, title=EVIL, version="412", previous_version="411", body=EVIL, tags=[EVIL],
        labels={EVIL: EVIL}, before={"a": EVIL}, after={"a": {"b": EVIL}}, data={EVIL: [EVIL]},
        links=[
            {"href": "https://ci.example/1", "text": EVIL},
            {"href": "javascript:alert(1)", "text": "bad"},
            {},
        ],
        late=True, scope=f'{{service="{EVIL}"}}', subject=EVIL, actor_email=EVIL, reports=3,
    )  # fmt: skip
    text = visitor.get(event.get_absolute_url()).text
    assert "<script>alert" not in text
    assert "javascript:" not in text
    assert 'href="https://ci.example/1"' in text
    for words in ("411", "412", "4m", "reported 3 times", ">late</span>", "a.b"):
        assert words in text


def test_alerts_that_followed_where_it_was_are_named(visitor):
    event = make_change(lasting=10)

    def alert(name, minutes, **where):
        at = NOW + timedelta(minutes=minutes)
        make_alert(name=name, starts_at=at, received_at=at, **where)

    alert("AtOnce", 1)
    alert("LastMinute", 39, environment="production")
    alert("TooLate", 41)
    alert("Before", -1)
    alert("OtherService", 1, service="search")
    alert("OtherPlace", 1, environment="staging")
    found = visitor.get(event.get_absolute_url()).context["around"].followed
    assert [mark.title.partition(":")[0] for mark in found] == ["AtOnce", "LastMinute"]
    nowhere = make_change(service="", environment="")
    assert visitor.get(nowhere.get_absolute_url()).context["around"].followed == []


def test_the_deployments_before_and_after_are_those_of_its_service_there(visitor):
    before, event, after = (make_change(minutes, version=str(minutes)) for minutes in (90, 60, 30))
    make_change(120), make_change(10)
    (
        make_change(70, environment="staging"),
        make_change(50, kind="flag"),
        make_change(50, service="x"),
    )
    around = visitor.get(event.get_absolute_url()).context["around"]
    assert (around.before, around.after) == (before, after)


def test_what_has_its_correlation_belongs_together(visitor):
    event = make_change(correlation_id="c1")
    other = make_change(5, correlation_id="c1", kind="release")
    make_change(correlation_id="c2"), make_change()
    assert visitor.get(event.get_absolute_url()).context["around"].correlated == [other]


def test_the_request_that_brought_it_is_linked_for_who_may_see_it(client):
    _, key = make_key("events:write")
    body = {
        "routing_key": key,
        "payload": {"summary": "Deployed api", "source": "ci"},
    }
    sent = client.post("/v2/change/enqueue", body, content_type="application/json")
    assert sent.status_code == 202
    event = ChangeEvent.objects.get(title="Deployed api")
    delivery = RawDelivery.objects.get()
    address = f"/admin/alerts/rawdelivery/{delivery.pk}/change/"
    for role, seen in (("administrator", True), ("viewer", False)):
        person = make_person(role)
        client.force_login(person)
        may = person.has_perm("alerts.view_rawdelivery")
        assert may or not seen
        assert (address in client.get(event.get_absolute_url()).text) == may


def test_its_price_is_small_and_every_query_has_an_index(visitor):
    event = make_change(correlation_id="c1")

    def price():
        with CaptureQueriesContext(connection) as caught:
            assert visitor.get(event.get_absolute_url()).status_code == 200
        return list(caught)

    price()
    few = price()
    for number in range(30):
        make_change(number, correlation_id="c1"), make_change(number, service=f"s{number}")
        make_alert(starts_at=NOW, received_at=NOW)
    many = price()
    assert len(many) == len(few) <= 12
    for table in ("chronos_changeevent", "alerts_alert", "alerts_rawdelivery"):
        plans = plans_of(many, table)
        assert plans
        assert [plan for plan in plans if reads_all(plan)] == []

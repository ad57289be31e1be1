"""What shares rare attributes at the same time is found, and for a fixed price."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.correlate import related_alerts
from tests.alerts.makers import NOW, later, make_alert

pytestmark = pytest.mark.django_db


def related(alert, now=NOW) -> list[str]:
    return [other.name for other in related_alerts(alert, now=now)]


def test_what_shares_a_place_and_the_time_is_related_and_says_what_it_shares():
    alert = make_alert(name="DiskFull", service="billing", labels={"host": "h7", "owner": "x"})
    make_alert(name="Slow", service="checkout", labels={"host": "h7", "owner": "x"})
    make_alert(name="Elsewhere", service="search", labels={"host": "h8", "owner": "x"})
    (found,) = related_alerts(alert, now=NOW)
    assert found.name == "Slow"
    assert [(shared.name, shared.value) for shared in found.shared] == [("host", "h7")]


def test_what_few_share_counts_for_more():
    alert = make_alert(service="billing", labels={"cluster": "c1", "host": "h7"})
    for number in range(20):
        make_alert(name=f"Crowd{number}", service="mail", labels={"cluster": "c1"})
    make_alert(name="Neighbour", service="mail", labels={"host": "h7"})
    assert related(alert)[0] == "Neighbour"


def test_an_environment_alone_relates_nothing():
    alert = make_alert(service="billing", environment="production", region="eu")
    make_alert(service="search", environment="production", region="eu")
    assert related(alert) == []


def test_the_time_decides():
    alert = make_alert(resolved_at=later(minutes=20), status="resolved")
    make_alert(name="FiredThen", starts_at=later(hours=-5), received_at=later(hours=-5))
    make_alert(name="BeganSoonAfter", starts_at=later(minutes=14), received_at=later(minutes=14),
               status="resolved", resolved_at=later(minutes=15))  # fmt: skip
    over = later(hours=-1)
    make_alert(name="OverBefore", starts_at=over - timedelta(hours=1), status="resolved",
               received_at=over - timedelta(hours=1), resolved_at=over)  # fmt: skip
    make_alert(name="MuchLater", starts_at=later(hours=9), received_at=later(hours=9))
    assert sorted(related(alert, later(hours=10))) == ["BeganSoonAfter", "FiredThen"]


def test_other_episodes_of_the_same_key_are_not_related_but_the_same():
    alert = make_alert(dedup_key="k")
    make_alert(dedup_key="k", status="resolved", resolved_at=NOW)
    assert related(alert) == []


def test_it_takes_two_queries_for_three_or_for_sixty():
    alert = make_alert()
    for count in (3, 57):
        for _ in range(count):
            make_alert()
        with CaptureQueriesContext(connection) as caught:
            assert related_alerts(alert, now=NOW)
        assert len(caught) == 2

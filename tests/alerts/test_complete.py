"""What an alert lacked when it was raised is filled in; nothing else changes."""

import pytest
from django.db import transaction

from alerts.complete import complete_alerts
from alerts.models import Alert
from alerts.normalise import RESOLVED, AlertEvent
from alerts.receive import receive_alerts
from tests.accounts.people import make_team
from tests.alerts.test_receive import NOW

pytestmark = pytest.mark.django_db


def event(key: str, **fields) -> AlertEvent:
    return AlertEvent(name="ends", dedup_key=key, **fields)


def test_what_is_empty_is_filled_and_what_is_there_stays(django_assert_num_queries):
    team = make_team("web")
    receive_alerts([event("a", environment="test"), event("b", service="old"), event("c")], now=NOW)
    told = [
        event("a", service="shop", environment="prod", team_id=team.pk),
        event("b", service="new"),
        event("c", service="x", status=RESOLVED),
        event("d", service="x"),
    ]
    with transaction.atomic():
        assert complete_alerts(told) == 1
    rows = {row.dedup_key: row for row in Alert.objects.all()}
    assert (rows["a"].service, rows["a"].environment, rows["a"].team) == ("shop", "test", team)
    assert (rows["b"].service, rows["c"].service) == ("old", "")
    assert set(rows) == {"a", "b", "c"}
    with transaction.atomic(), django_assert_num_queries(1):
        assert complete_alerts(told[:1]) == 0


def test_an_episode_that_is_over_stays_as_it_was():
    receive_alerts([event("a")], now=NOW)
    receive_alerts([event("a", status=RESOLVED)], now=NOW)
    with transaction.atomic():
        assert complete_alerts([event("a", service="shop")]) == 0

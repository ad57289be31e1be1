"""What senders send is counted, whatever becomes of the database meanwhile."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import InterfaceError, OperationalError

from alerts.models import Sender, SenderCount
from alerts.tally import SLOT, Tally, Use
from tests.accounts.people import make_key

pytestmark = pytest.mark.django_db


@pytest.fixture
def key():
    return make_key("alerts:write")


def test_counts_wait_for_the_database_and_are_written_together(settings, key):
    made, _ = key
    settings.TALLY_EVERY = timedelta(hours=1)
    at = datetime(2026, 3, 1, 12, 3, tzinfo=UTC)
    tally = Tally()
    for number in range(5):
        tally.note(Use(made.pk, "hook", at + number * timedelta(minutes=3), events=2))
    assert not SenderCount.objects.exists()
    tally.write()
    tally.write()
    rows = SenderCount.objects.order_by("slot").values_list("slot", "requests", "events")
    start = at.replace(minute=0)
    assert list(rows) == [(start, 3, 6), (start + SLOT, 2, 4)]
    assert Sender.objects.get().last_seen_at == at + timedelta(minutes=12)
    tally.note(Use(made.pk, "hook", at, error="late", address="192.0.2.1"))
    tally.write()
    assert SenderCount.objects.get(slot=start).failures == 1


@pytest.mark.parametrize("away", [OperationalError, InterfaceError])
def test_counts_outlive_a_database_that_is_away(settings, key, monkeypatch, away):
    def gone(*args):
        raise away

    settings.TALLY_EVERY = timedelta(hours=1)
    at, tally = datetime(2026, 3, 1, 12, 3, tzinfo=UTC), Tally()
    tally.note(Use(key[0].pk, "hook", at, events=2, error="late"))
    with monkeypatch.context() as patch:
        patch.setattr("alerts.tally._write", gone)
        tally.write()
    tally.note(Use(key[0].pk, "hook", at, events=3))
    tally.write()
    row = SenderCount.objects.get()
    assert (row.requests, row.events, row.failures) == (2, 5, 1)
    assert Sender.objects.get().last_error == "late"

"""What another process stores meanwhile is found, however often one is overtaken."""

import pytest

from chronos import record
from chronos.models import ChangeEvent
from chronos.record import record_changes
from opsportal.lib.deadlocks import OvertakenError, start_over
from tests.chronos.test_record import NOW, REPORTS

pytestmark = pytest.mark.django_db(transaction=True)


def blind(monkeypatch, times):
    """The first look-ups miss what is stored."""
    look, looked = record._kept, []

    def kept(keys):
        looked.append(keys)
        return {} if len(looked) <= times else look(keys)

    monkeypatch.setattr(record, "_kept", kept)


def test_who_is_overtaken_starts_over_and_folds(monkeypatch):
    record_changes([REPORTS[0]], now=NOW)
    blind(monkeypatch, times=3)
    (receipt,) = start_over(lambda: record_changes([REPORTS[1]], now=NOW))
    event = ChangeEvent.objects.get()
    assert (receipt.outcome, receipt.event_id) == ("updated", event.pk)
    assert (event.status, event.reports) == ("succeeded", 2)


def test_nothing_of_what_was_overtaken_is_stored(monkeypatch):
    record_changes([REPORTS[0]], now=NOW)
    blind(monkeypatch, times=1)
    with pytest.raises(OvertakenError):
        record_changes([REPORTS[1]], now=NOW)
    assert ChangeEvent.objects.get().status == "started"

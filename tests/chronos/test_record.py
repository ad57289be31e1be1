"""What changed is kept, whatever it is called."""

from datetime import timedelta

import pytest

from chronos.models import ChangeEvent
from chronos.normalise import Change
from chronos.record import record_change
from opsportal.lib.times import utc_now

pytestmark = pytest.mark.django_db


def test_a_change_is_recorded_with_both_its_times():
    now = utc_now()
    earlier = now - timedelta(hours=1)
    record_change(Change("rule.changed", "Rule r was changed", "ann", earlier), now=now)
    event = ChangeEvent.objects.get()
    assert (event.kind, event.actor, event.source) == ("rule.changed", "ann", "opsportal")
    assert (event.started_at, event.recorded_at) == (earlier, now)
    assert event.ended_at is None


def test_texts_that_are_too_long_are_cut_rather_than_the_change_lost():
    now = utc_now()
    record_change(Change("k" * 999, "s" * 9999, "a" * 999, started_at=now, team="t" * 999), now=now)
    event = ChangeEvent.objects.get()
    event.full_clean(exclude=["labels", "details"])
    assert (len(event.kind), len(event.summary), len(event.team)) == (100, 500, 100)

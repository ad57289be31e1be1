"""Freezes and changes for tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from chronos.freezes import CompiledFreeze, compile_freeze
from chronos.models import ChangeEvent, Freeze
from chronos.normalise import Change
from chronos.record import record_changes

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday
DEPLOY = {"kind": "deployment", "service": "api", "environment": "prod"}


def later(**amount) -> datetime:
    return NOW + timedelta(**amount)


def draft(**values: Any) -> Freeze:
    """One that holds from an hour before NOW until an hour after it."""
    usual = {
        "name": "quarter", "reason": "the books are closed", "starts_at": later(hours=-1),
        "ends_at": later(hours=1), "known_at": later(days=-1),
    }  # fmt: skip
    return Freeze(**usual | values)


def make_freeze(**values: Any) -> Freeze:
    freeze = draft(**values)
    freeze.save()
    return freeze


def compiled(**values: Any) -> CompiledFreeze:
    return compile_freeze(draft(**values))


def weekly(**values: Any) -> CompiledFreeze:
    """From Friday 16:00 for 64 hours, in Berlin."""
    usual = {
        "starts_at": datetime(2026, 1, 2, 15, 0, tzinfo=UTC), "ends_at": None,
        "recurrence": "FREQ=WEEKLY;BYDAY=FR", "duration": timedelta(hours=64),
        "zone": "Europe/Berlin",
    }  # fmt: skip
    return compiled(**usual | values)


def deployed(number: int = 1, now: datetime = NOW, **values: Any) -> ChangeEvent:
    """A change that a tool has reported."""
    usual: dict[str, Any] = {
        "title": f"api {number}", "source": "ci", "external_id": f"d{number}",
        "started_at": NOW, "status": "started", "actor": "jo",
    }  # fmt: skip
    [receipt] = record_changes([Change(**{**DEPLOY, **usual, **values})], now=now)
    return ChangeEvent.objects.get(pk=receipt.event_id)

"""Rows for the tests of the timeline."""

from datetime import UTC, datetime, timedelta

from chronos.models import ChangeEvent

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def make_change(minutes: float = 0, *, lasting: float | None = 0, **values) -> ChangeEvent:
    """A change so many minutes before NOW (or `at`), that took so many; None: under way."""
    start = values.pop("at", NOW) - timedelta(minutes=minutes)
    end = None if lasting is None else start + timedelta(minutes=lasting)
    defaults = {
        "kind": "deployment",
        "title": "Deploy billing 412",
        "status": "started" if end is None else "succeeded",
        "actor": "jo",
        "source": "ci",
        "service": "billing",
        "environment": "production",
        "started_at": start,
        "ended_at": end,
        "lasting": bool(lasting and lasting > 60),
        "recorded_at": start,
        "updated_at": start,
    }
    return ChangeEvent.objects.create(**defaults | values)

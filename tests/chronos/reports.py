"""Changes for tests of what is kept of them."""

from datetime import UTC, datetime, timedelta

from chronos.normalise import Change
from chronos.record import record_changes

# A Wednesday.
NOW = datetime(2026, 7, 15, 10, 30, tzinfo=UTC)


def ago(**span):
    return NOW - timedelta(**span)


def change(started_at=NOW, **facts):
    return Change(
        **{"kind": "config", "title": "limits", "actor": "jo", "source": "ci", **facts},
        started_at=started_at,
    )


def record(*changes, now=NOW):
    return record_changes(changes, now=now)

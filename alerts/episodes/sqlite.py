"""SQLite: no round trips to save, so short prepared statements in a loop are the fastest.

The connection's own cursor is used: Django's rewrites each statement's placeholders anew.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from alerts.episodes.rows import (
    CONTENT,
    STATE,
    NewEpisode,
    Rewrite,
    Stored,
    Touch,
    content_columns,
    state_columns,
)

_TOUCH = """
UPDATE alerts_alert
SET repeat_count = repeat_count + ?, last_received_at = ?, expires_at = ?
WHERE dedup_key = ? AND resolved_at IS NULL
RETURNING id, dedup_key, status, severity, received_severity, repeat_count, content_hash,
    snoozed_until IS NOT NULL
"""
_LOOK = """
SELECT id, dedup_key, status, severity, received_severity, repeat_count, content_hash,
    snoozed_until IS NOT NULL
FROM alerts_alert WHERE dedup_key = ? AND resolved_at IS NULL
"""
_SEEN = "SELECT 1 FROM alerts_alert WHERE dedup_key = ? AND resolved_at > ? LIMIT 1"
_COLUMNS = STATE + CONTENT
_INSERT = f"""
INSERT INTO alerts_alert ({", ".join(_COLUMNS)}) VALUES ({", ".join("?" * len(_COLUMNS))})
"""  # noqa: S608  (column names of ours)
# `max` of NULL is NULL: the episode stays open; it never ends before it started.
_REWRITE_STATE = """
UPDATE alerts_alert SET status = ?, severity = ?, received_severity = ?,
    resolved_at = max(?, starts_at),
    snoozed_until = CASE WHEN ? THEN NULL ELSE snoozed_until END
WHERE id = ?
"""
_REWRITE_CONTENT = f"""
UPDATE alerts_alert SET {", ".join(f"{column} = ?" for column in CONTENT)} WHERE id = ?
"""  # noqa: S608  (column names of ours)
_TRANSITION = """
INSERT INTO alerts_transition (alert_id, kind, before, after, at, note, actor)
VALUES (?, ?, ?, ?, ?, '', '')
"""
_DECISION = """
INSERT INTO alerts_decision (transition_id, state, due_at, attempts, last_error, outcome, reasons)
VALUES (?, 'due', ?, 0, '', '', '[]')
"""


class SqliteStatements:
    """See `alerts.episodes.Statements`. The transaction is IMMEDIATE, so nobody else writes."""

    def __init__(self) -> None:
        connection.ensure_connection()
        self.run = connection.connection.execute

    def touch(self, touches: Sequence[Touch], now: datetime) -> dict[str, Stored]:
        """Count repeats; a key that is only resolved is looked up and not counted."""
        at, found = _instant(now), {}
        for touch in touches:
            if touch.repeats:
                cursor = self.run(
                    _TOUCH, (touch.repeats, at, _instant(touch.expires_at), touch.dedup_key)
                )
            else:
                cursor = self.run(_LOOK, (touch.dedup_key,))
            for row in cursor.fetchall():
                found[touch.dedup_key] = Stored(*row[:7], snoozed=bool(row[7]))
        return found

    def seen_since(self, keys: Sequence[str], since: datetime) -> set[str]:
        """Keys with an episode resolved after `since`."""
        moment = _instant(since)
        return {key for key in keys if self.run(_SEEN, (key, moment)).fetchone()}

    def insert(self, episodes: Sequence[NewEpisode], now: datetime) -> dict[str, int]:
        """Open episodes."""
        ids = {}
        for episode in episodes:
            values = map(_plain, state_columns(episode, now))
            cursor = self.run(_INSERT, (*values, *content_columns(episode.event)))
            ids[episode.event.dedup_key] = int(cursor.lastrowid or 0)
        return ids

    def rewrite(self, rewrites: Sequence[Rewrite]) -> None:
        """Store what changed."""
        for new in rewrites:
            self.run(
                _REWRITE_STATE,
                (
                    new.status,
                    new.severity,
                    new.received_severity,
                    _instant(new.resolved_at),
                    new.wake,
                    new.id,
                ),
            )
            if new.content:
                self.run(_REWRITE_CONTENT, (*content_columns(new.content), new.id))

    def record(self, transitions: Sequence[tuple[int, str, str, str]], now: datetime) -> None:
        """Append transitions and their decisions."""
        at = _instant(now)
        for transition in transitions:
            cursor = self.run(_TRANSITION, (*transition, at))
            self.run(_DECISION, (cursor.lastrowid, at))


def _instant(instant: datetime | None) -> str | None:
    """As Django stores it."""
    return connection.ops.adapt_datetimefield_value(instant) if instant else None


def _plain(value: Any) -> Any:
    return _instant(value) if isinstance(value, datetime) else value

"""SQLite: one look at all keys of a batch, then prepared statements over its rows.

The transaction is IMMEDIATE: nobody else writes, so what was read still holds, and rows inserted
together have consecutive ids. The connection's own methods are used, since Django's cursor
rewrites the placeholders of each statement anew.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec
from django.db import connection
from django.db.models import DateTimeField

from alerts.episodes.rows import (
    CONTENT,
    STATE,
    NewEpisode,
    Rewrite,
    Stored,
    Touch,
    content_columns,
    json_text,
    state_columns,
)
from alerts.models import Alert

# CROSS JOIN fixes the order: look each key up, never scan the open episodes.
_LOOK = """
SELECT alert.id, dedup_key, status, severity, received_severity, repeat_count, content_hash,
    snoozed_until IS NOT NULL
FROM json_each(?) AS given CROSS JOIN alerts_alert alert
WHERE dedup_key = given.value AND resolved_at IS NULL
"""
_TOUCH = """
UPDATE alerts_alert SET repeat_count = ?, last_received_at = ?, expires_at = ? WHERE id = ?
"""
_SEEN = """
SELECT DISTINCT dedup_key FROM json_each(?) AS given CROSS JOIN alerts_alert
WHERE dedup_key = given.value AND resolved_at > ?
"""
_COLUMNS = STATE + CONTENT
_INSTANTS = {f.name for f in Alert._meta.get_fields() if isinstance(f, DateTimeField)}
_INSERT = f"""
INSERT INTO alerts_alert ({", ".join(_COLUMNS)}) VALUES ({", ".join("?" * len(_COLUMNS))})
"""
# `max` of NULL is NULL: the episode stays open; it never ends before it started.
_REWRITE_STATE = """
UPDATE alerts_alert SET status = ?, severity = ?, received_severity = ?,
    resolved_at = max(?, starts_at),
    snoozed_until = CASE WHEN ? THEN NULL ELSE snoozed_until END
WHERE id = ?
"""
_REWRITE_CONTENT = f"""
UPDATE alerts_alert SET {", ".join(f"{column} = ?" for column in CONTENT)} WHERE id = ?
"""
_TRANSITION = """
INSERT INTO alerts_transition (alert_id, kind, before, after, at, note, actor)
VALUES (?, ?, ?, ?, ?, '', '')
"""
_DECISION = """
INSERT INTO alerts_decision (transition_id, state, due_at, attempts, last_error, outcome, reasons)
VALUES (?, 'due', ?, 0, '', '', '[]')
"""
_HOLD = """
SELECT decision.id, attempts, due_at, transition_id, kind, after, alert_id, {columns}, team.name
FROM json_each(?) AS given
CROSS JOIN alerts_decision decision ON decision.id = given.value
CROSS JOIN alerts_transition transition ON transition.id = transition_id
CROSS JOIN alerts_alert alert ON alert.id = alert_id
LEFT JOIN accounts_team team ON team.id = team_id
WHERE state = 'claimed'
"""
_SETTLE = """
UPDATE alerts_decision SET state = 'done', last_error = '', finished_at = ?, outcome = ?,
    reasons = ?
WHERE id = ?
"""


class SqliteStatements:
    """See `alerts.episodes.Statements`."""

    def __init__(self) -> None:
        connection.ensure_connection()
        self.database = connection.connection

    def touch(self, touches: Sequence[Touch], now: datetime) -> dict[str, Stored]:
        """Count repeats; a key that is only resolved is looked up and not counted."""
        keys = msgspec.json.encode([touch.dedup_key for touch in touches]).decode()
        rows = self.database.execute(_LOOK, (keys,)).fetchall()
        found = {row[1]: Stored(*row) for row in rows}
        at, counted = _instant(now), []
        for touch in touches:
            stored = found.get(touch.dedup_key)
            if stored and touch.repeats:
                stored.repeat_count += touch.repeats
                counted.append((stored.repeat_count, at, _instant(touch.expires_at), stored.id))
        self.database.executemany(_TOUCH, counted)
        return found

    def seen_since(self, keys: Sequence[str], since: datetime) -> set[str]:
        """Keys with an episode resolved after `since`."""
        given = msgspec.json.encode(keys).decode()
        return {row[0] for row in self.database.execute(_SEEN, (given, _instant(since)))}

    def insert(self, episodes: Sequence[NewEpisode], now: datetime) -> dict[str, int]:
        """Open episodes."""
        first = self._append(
            _INSERT,
            [
                (*map(_plain, state_columns(episode, now)), *content_columns(episode.event))
                for episode in episodes
            ],
        )
        return {episode.event.dedup_key: first + n for n, episode in enumerate(episodes)}

    def rewrite(self, rewrites: Sequence[Rewrite]) -> None:
        """Store what changed."""
        self.database.executemany(
            _REWRITE_STATE,
            [
                (
                    new.status,
                    new.severity,
                    new.received_severity,
                    _instant(new.resolved_at),
                    new.wake,
                    new.id,
                )
                for new in rewrites
            ],
        )
        self.database.executemany(
            _REWRITE_CONTENT,
            [(*content_columns(new.content), new.id) for new in rewrites if new.content],
        )

    def record(self, transitions: Sequence[tuple[int, str, str, str]], now: datetime) -> None:
        """Append transitions and their decisions."""
        at = _instant(now)
        first = self._append(_TRANSITION, [(*transition, at) for transition in transitions])
        self._append(_DECISION, [(first + n, at) for n in range(len(transitions))])

    def hold(self, ids: Sequence[int], columns: Sequence[str]) -> list[Any]:
        """Claimed decisions; the transaction has locked all there is."""
        # attempts and due_at come second and third, the columns after the seventh.
        instants = [2, *(7 + n for n, name in enumerate(columns) if name in _INSTANTS)]
        found = self.database.execute(
            _HOLD.format(columns=", ".join(f"alert.{name}" for name in columns)), (json_text(ids),)
        )
        rows = []
        for row in map(list, found):
            for place in instants:
                if row[place]:
                    row[place] = row[place].replace(tzinfo=UTC)
            rows.append(row)
        return rows

    def settle(self, decisions: Sequence[tuple[int, str, object]], now: datetime) -> None:
        """Mark decisions as done."""
        at = _instant(now)
        self.database.executemany(
            _SETTLE, [(at, outcome, json_text(reasons), pk) for pk, outcome, reasons in decisions]
        )

    def _append(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> int:
        """Insert the rows; the id of the first."""
        self.database.executemany(statement, rows)
        last = self.database.execute("SELECT last_insert_rowid()").fetchone()[0]
        return int(last) - len(rows) + 1


@lru_cache(maxsize=1024)
def _instant(instant: datetime | None) -> str | None:
    """As Django stores it; a batch says the same few over and over."""
    return connection.ops.adapt_datetimefield_value(instant) if instant else None


def _plain(value: Any) -> Any:
    return _instant(value) if isinstance(value, datetime) else value

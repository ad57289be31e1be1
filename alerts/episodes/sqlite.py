"""SQLite: one look at all keys of a batch, then prepared statements over its rows.

The transaction is IMMEDIATE: nobody else writes, so what was read still holds, and rows inserted
together have consecutive ids. The connection's own methods are used, since Django's cursor
rewrites the placeholders of each statement anew.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from typing import Any

from django.db import connection
from django.db.models import DateTimeField

from alerts.episodes.rows import (
    AMENDED,
    CONTENT,
    HELD_BACK,
    STATE,
    TOLD,
    End,
    NewEpisode,
    NewNotification,
    Rewrite,
    Settled,
    Stored,
    Touch,
    all_clean,
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
UPDATE alerts_alert SET repeat_count = ?, last_received_at = ?, expires_at = ?,
    starts_at = min(starts_at, coalesce(?, starts_at))
WHERE id = ?
"""
_OUTDATED = """
SELECT json_extract(given.value, '$[0]')
FROM json_each(?) AS given CROSS JOIN alerts_alert alert
WHERE dedup_key = json_extract(given.value, '$[1]')
    AND (resolved_at = json_extract(given.value, '$[2]')
        OR (resolved_at IS NULL AND json_extract(given.value, '$[3]')
            AND starts_at > json_extract(given.value, '$[2]')))
"""
_SEEN = """
SELECT DISTINCT dedup_key FROM json_each(?) AS given CROSS JOIN alerts_alert
WHERE dedup_key = given.value AND resolved_at > ?
"""
_COLUMNS = STATE + CONTENT
# Rows a statement: each statement costs as much again as a row, and finds its next id anew.
_SIZES = (100, 10, 1)
_INSTANTS = {f.name for f in Alert._meta.get_fields() if isinstance(f, DateTimeField)}
_INSERT = f"INSERT INTO alerts_alert ({', '.join(_COLUMNS)}) VALUES"
_INSERTED = f"({', '.join('?' * len(_COLUMNS))})"
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
_TRANSITION = (
    "INSERT INTO alerts_transition (alert_id, kind, before, after, at, note, actor) VALUES"
)
_RECORDED = "(?, ?, ?, ?, ?, '', '')"
_DECISIONS = """
INSERT INTO alerts_decision (transition_id, state, due_at, attempts, last_error, outcome, reasons)
SELECT id, 'due', ?, 0, '', '', '[]' FROM alerts_transition WHERE id >= ? ORDER BY id
"""
_HOLD = """
SELECT decision.id, attempts, {due_at}, transition_id, kind, after, alert_id, {columns},
    team.name
FROM json_each(?) AS given
CROSS JOIN alerts_decision decision ON decision.id = given.value
CROSS JOIN alerts_transition transition ON transition.id = transition_id
CROSS JOIN alerts_alert alert ON alert.id = alert_id
LEFT JOIN accounts_team team ON team.id = team_id
WHERE state = 'claimed'
"""
# As text: the driver would read each anew, and a batch says the same few over and over.
_INSTANT = "CAST({} AS text)"
_AMEND = f"""
UPDATE alerts_alert SET {", ".join(f"{column} = ?" for column in AMENDED)} WHERE id = ?
"""
# Each index of a column that is named costs, whether or not its value is another.
_HOLD_BACK = f"""
UPDATE alerts_alert SET {", ".join(f"{column} = ?" for column in HELD_BACK)} WHERE id = ?
"""
_TELL = f"""
INSERT INTO alerts_notification ({", ".join(TOLD)}, due_at, created_at, attempts, last_error,
    accepted)
VALUES ({", ".join("?" * len(TOLD))}, ?, ?, 0, '', '[]')
ON CONFLICT (alert_id, channel_id, about) DO NOTHING
"""
_SETTLE = """
UPDATE alerts_decision SET state = 'done', last_error = '', finished_at = ?, outcome = ?,
    reasons = ?, labels = ?, policy_version = ?
WHERE id = ?
"""


class SqliteStatements:
    """See `alerts.episodes.Statements`."""

    def __init__(self) -> None:
        connection.ensure_connection()
        self.database = connection.connection
        # What was seen before the transaction, and by which version of the database.
        self._ahead: tuple[int, dict[str, Stored]] | None = None

    def unseen(self, keys: Sequence[str]) -> Sequence[str]:
        """Those with no open episode; `touch` looks again only if somebody has written since."""
        self._ahead = self._version(), self._look(keys)
        return [key for key in keys if key not in self._ahead[1]]

    def prepare(self, episodes: Sequence[NewEpisode], now: datetime) -> Sequence[Any]:
        """Rows as the statement takes them."""
        clean = all_clean(episode.event for episode in episodes)
        return [
            (*state_columns(new, now, _instant), *content_columns(new.event, clean=clean))
            for new in episodes
        ]

    def touch(self, touches: Sequence[Touch], now: datetime) -> dict[str, Stored]:
        """Count repeats; a key that is only resolved is looked up and not counted."""
        version, found = self._ahead or (None, {})
        self._ahead = None
        if version is None or version != self._version():
            found = self._look([touch.dedup_key for touch in touches])
        at, counted = _instant(now), []
        for touch in touches:
            stored = found.get(touch.dedup_key)
            if stored and touch.repeats:
                stored.repeat_count += touch.repeats
                until, since = _instant(touch.expires_at), _instant(touch.starts_at)
                counted.append((stored.repeat_count, at, until, since, stored.id))
        self.database.executemany(_TOUCH, counted)
        return found

    def _look(self, keys: Sequence[str]) -> dict[str, Stored]:
        return {row[1]: Stored(*row) for row in self.database.execute(_LOOK, (json_text(keys),))}

    def _version(self) -> int:
        """Another whenever another connection has committed."""
        return int(self.database.execute("PRAGMA data_version").fetchone()[0])

    def outdated(self, ends: Sequence[End]) -> set[int]:
        """Numbers of resolves that are about earlier episodes."""
        given = json_text(
            [(end.number, end.dedup_key, _instant(end.resolved_at), end.whole) for end in ends]
        )
        return {row[0] for row in self.database.execute(_OUTDATED, (given,))}

    def seen_since(self, keys: Sequence[str], since: datetime) -> set[str]:
        """Keys with an episode resolved after `since`."""
        given = json_text(keys)
        return {row[0] for row in self.database.execute(_SEEN, (given, _instant(since)))}

    def insert(self, rows: Sequence[Any]) -> dict[str, int]:
        """Open episodes."""
        first = self._append(_INSERT, _INSERTED, rows)
        return {row[0]: first + n for n, row in enumerate(rows)}

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
        first = self._append(_TRANSITION, _RECORDED, [(*new, at) for new in transitions])
        self.database.execute(_DECISIONS, (at, first))

    def hold(self, ids: Sequence[int], columns: Sequence[str]) -> list[Any]:
        """Claimed decisions; the transaction has locked all there is."""
        # attempts and due_at come second and third, the columns after the seventh.
        instants = [2, *(7 + n for n, name in enumerate(columns) if name in _INSTANTS)]
        found = self.database.execute(_hold(tuple(columns)), (json_text(ids),))
        rows = []
        for row in map(list, found):
            for place in instants:
                if row[place]:
                    row[place] = _moment(row[place])
            rows.append(row)
        return rows

    def amend(self, episodes: Sequence[tuple[Any, ...]]) -> None:
        """Store what was decided about open episodes."""
        self.database.executemany(_AMEND, episodes)

    def hold_back(self, episodes: Sequence[tuple[Any, ...]]) -> None:
        """Store what holds back the telling of open episodes."""
        self.database.executemany(_HOLD_BACK, episodes)

    def tell(self, notifications: Sequence[NewNotification], now: datetime) -> None:
        """Append notifications."""
        at = _instant(now)
        self.database.executemany(_TELL, [(*new.values(), at, at) for new in notifications])

    def settle(self, decisions: Sequence[Settled], now: datetime) -> None:
        """Mark decisions as done."""
        at = _instant(now)
        self.database.executemany(
            _SETTLE,
            [
                (
                    at,
                    outcome,
                    json_text(reasons),
                    None if labels is None else json_text(labels),
                    version,
                    pk,
                )
                for pk, outcome, reasons, labels, version in decisions
            ],
        )

    def _append(self, insert: str, row: str, rows: Sequence[tuple[Any, ...]]) -> int:
        """Insert the rows; the id of the first."""
        done = 0
        for size in _SIZES:
            statement = _many(insert, row, size)
            while len(rows) - done >= size:
                some = rows[done : done + size]
                self.database.execute(statement, tuple(chain.from_iterable(some)))
                done += size
        last = self.database.execute("SELECT last_insert_rowid()").fetchone()[0]
        return int(last) - len(rows) + 1


@lru_cache
def _many(insert: str, row: str, size: int) -> str:
    """The statement for so many rows."""
    return f"{insert} {', '.join([row] * size)}"


@lru_cache
def _hold(columns: tuple[str, ...]) -> str:
    """The statement that holds decisions with these columns of their episodes."""
    names = [
        _INSTANT.format(f"alert.{name}") if name in _INSTANTS else f"alert.{name}"
        for name in columns
    ]
    return _HOLD.format(columns=", ".join(names), due_at=_INSTANT.format("due_at"))


@lru_cache(maxsize=1024)
def _moment(text: str) -> datetime:
    """As Django has stored it."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@lru_cache(maxsize=1024)
def _instant(instant: datetime | None) -> str | None:
    """As Django stores it; a batch says the same few over and over."""
    return connection.ops.adapt_datetimefield_value(instant) if instant else None

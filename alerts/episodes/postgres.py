"""PostgreSQL: one statement for all rows of a batch, as arrays."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

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

_TYPES = {
    "labels": "jsonb",
    "annotations": "jsonb",
    "links": "jsonb",
    "value": "float8",
    "team_id": "bigint",
    "repeat_count": "int",
    "starts_at": "timestamptz",
    "received_at": "timestamptz",
    "last_received_at": "timestamptz",
    "expires_at": "timestamptz",
}
_COLUMNS = STATE + CONTENT


def _arrays(columns: Sequence[str]) -> str:
    """Placeholders for one array a column; JSON travels as text."""
    types = ("text" if _TYPES.get(c) == "jsonb" else _TYPES.get(c, "text") for c in columns)
    return ", ".join(f"%s::{kind}[]" for kind in types)


def _casts(columns: Sequence[str], prefix: str = "") -> str:
    return ", ".join(
        f"{prefix}{c}::jsonb" if _TYPES.get(c) == "jsonb" else f"{prefix}{c}" for c in columns
    )


_TOUCH = """
WITH given AS (
    SELECT * FROM unnest(%s::text[], %s::int[], %s::timestamptz[])
    AS given (dedup_key, repeats, expires_at)
), held AS (
    SELECT alert.id, given.repeats, given.expires_at
    FROM alerts_alert alert JOIN given ON given.dedup_key = alert.dedup_key
    WHERE alert.resolved_at IS NULL
    ORDER BY alert.dedup_key
    FOR UPDATE OF alert
)
UPDATE alerts_alert alert
SET repeat_count = alert.repeat_count + held.repeats,
    last_received_at = CASE WHEN held.repeats > 0 THEN %s ELSE alert.last_received_at END,
    expires_at = CASE WHEN held.repeats > 0 THEN held.expires_at ELSE alert.expires_at END
FROM held WHERE alert.id = held.id
RETURNING alert.id, alert.dedup_key, status, severity, received_severity, repeat_count,
    content_hash, snoozed_until IS NOT NULL
"""
_SEEN = """
SELECT DISTINCT dedup_key FROM alerts_alert WHERE dedup_key = ANY(%s) AND resolved_at > %s
"""
_INSERT = f"""
INSERT INTO alerts_alert ({", ".join(_COLUMNS)})
SELECT {_casts(_COLUMNS)} FROM unnest({_arrays(_COLUMNS)}) AS given ({", ".join(_COLUMNS)})
ON CONFLICT (dedup_key) WHERE resolved_at IS NULL DO NOTHING
RETURNING dedup_key, id
"""  # noqa: S608  (column names of ours)
_REWRITE_STATE = """
UPDATE alerts_alert alert
SET status = given.status, severity = given.severity, received_severity = given.received_severity,
    resolved_at = CASE WHEN given.resolved_at IS NOT NULL
        THEN greatest(given.resolved_at, alert.starts_at) END,
    snoozed_until = CASE WHEN given.wake THEN NULL ELSE snoozed_until END
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::bool[], %s::timestamptz[])
    AS given (id, status, severity, received_severity, wake, resolved_at)
WHERE alert.id = given.id
"""
_REWRITE_CONTENT = f"""
UPDATE alerts_alert alert
SET {", ".join(f"{c} = given.{c}{'::jsonb' if _TYPES.get(c) == 'jsonb' else ''}" for c in CONTENT)}
FROM unnest(%s::bigint[], {_arrays(CONTENT)}) AS given (id, {", ".join(CONTENT)})
WHERE alert.id = given.id
"""  # noqa: S608  (column names of ours)
_RECORD = """
WITH recorded AS (
    INSERT INTO alerts_transition (alert_id, kind, before, after, at, note, actor)
    SELECT alert_id, kind, before, after, %s, '', ''
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[])
        WITH ORDINALITY AS given (alert_id, kind, before, after, number)
    ORDER BY number
    RETURNING id
)
INSERT INTO alerts_decision (transition_id, state, due_at, attempts, last_error, outcome, reasons)
SELECT id, 'due', %s, 0, '', '', '[]' FROM recorded
"""
_SETTLE = """
UPDATE alerts_decision decision
SET state = 'done', last_error = '', finished_at = %s, outcome = given.outcome,
    reasons = given.reasons::jsonb
FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS given (id, outcome, reasons)
WHERE decision.id = given.id
"""


class PostgresStatements:
    """See `alerts.episodes.Statements`."""

    def touch(self, touches: Sequence[Touch], now: datetime) -> dict[str, Stored]:
        """Count repeats; locks are taken in the order of the keys."""
        with connection.cursor() as cursor:
            cursor.execute(
                _TOUCH,
                [
                    [touch.dedup_key for touch in touches],
                    [touch.repeats for touch in touches],
                    [touch.expires_at for touch in touches],
                    now,
                ],
            )
            return {row[1]: Stored(*row) for row in cursor.fetchall()}

    def seen_since(self, keys: Sequence[str], since: datetime) -> set[str]:
        """Keys with an episode resolved after `since`."""
        with connection.cursor() as cursor:
            cursor.execute(_SEEN, [list(keys), since])
            return {row[0] for row in cursor.fetchall()}

    def insert(self, episodes: Sequence[NewEpisode], now: datetime) -> dict[str, int]:
        """Open episodes; waits for whoever is opening one of them now."""
        rows = [
            (*state_columns(episode, now), *content_columns(episode.event)) for episode in episodes
        ]
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, [list(column) for column in zip(*rows, strict=True)])
            return dict(cursor.fetchall())

    def rewrite(self, rewrites: Sequence[Rewrite]) -> None:
        """Store what changed."""
        states = [
            (new.id, new.status, new.severity, new.received_severity, new.wake, new.resolved_at)
            for new in rewrites
        ]
        contents = [(new.id, *content_columns(new.content)) for new in rewrites if new.content]
        with connection.cursor() as cursor:
            cursor.execute(_REWRITE_STATE, [list(column) for column in zip(*states, strict=True)])
            if contents:
                cursor.execute(
                    _REWRITE_CONTENT, [list(column) for column in zip(*contents, strict=True)]
                )

    def record(self, transitions: Sequence[tuple[int, str, str, str]], now: datetime) -> None:
        """Append transitions and their decisions."""
        columns = [list(column) for column in zip(*transitions, strict=True)]
        with connection.cursor() as cursor:
            cursor.execute(_RECORD, [now, *columns, now])

    def settle(self, decisions: Sequence[tuple[int, str, object]], now: datetime) -> None:
        """Mark decisions as done."""
        rows = [(pk, outcome, json_text(reasons)) for pk, outcome, reasons in decisions]
        with connection.cursor() as cursor:
            cursor.execute(_SETTLE, [now, *[list(column) for column in zip(*rows, strict=True)]])

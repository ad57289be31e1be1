"""PostgreSQL: one statement for all rows of a batch, which travel as one JSON document.

Arrays of texts would be the obvious way, but the driver quotes their members one by one in Python.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db import connection

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

_TYPES = {
    "id": "bigint",
    "alert_id": "bigint",
    "team_id": "bigint",
    "transition_id": "bigint",
    "channel_id": "bigint",
    "rule_id": "bigint",
    "subscription_id": "bigint",
    "group_id": "bigint",
    "number": "int",
    "flapping": "int",
    "policy_version": "bigint",
    "repeats": "int",
    "repeat_count": "int",
    "value": "float8",
    "wake": "bool",
    "whole": "bool",
    "labels": "jsonb",
    "annotations": "jsonb",
    "links": "jsonb",
    "reasons": "jsonb",
    "starts_at": "timestamptz",
    "received_at": "timestamptz",
    "last_received_at": "timestamptz",
    "expires_at": "timestamptz",
    "resolved_at": "timestamptz",
}
_TOUCHED = ("dedup_key", "repeats", "expires_at", "starts_at")
_INSERTED = STATE + CONTENT
_STATES = ("id", "status", "severity", "received_severity", "wake", "resolved_at")
_CONTENTS = ("id", *CONTENT)
_RECORDED = ("number", "alert_id", "kind", "before", "after")
_SETTLED = ("id", "outcome", "reasons", "labels", "policy_version")


def _given(columns: Sequence[str]) -> str:
    """The rows of the document as a table `given`."""
    typed = ", ".join(f"{column} {_TYPES.get(column, 'text')}" for column in columns)
    return f"json_to_recordset(%s::json) AS given ({typed})"


# The keys come again as an array, which is looked up in the index key by key; a join with the
# document reads all open episodes while the planner knows nothing of them yet.
_TOUCH = f"""
WITH given AS MATERIALIZED (
    SELECT * FROM {_given(_TOUCHED)}
), held AS (
    SELECT id, dedup_key FROM alerts_alert
    WHERE dedup_key = ANY(%s::text[]) AND resolved_at IS NULL
    ORDER BY dedup_key
    FOR UPDATE
)
UPDATE alerts_alert alert
SET repeat_count = alert.repeat_count + given.repeats,
    last_received_at = CASE WHEN given.repeats > 0 THEN %s ELSE alert.last_received_at END,
    expires_at = CASE WHEN given.repeats > 0 THEN given.expires_at ELSE alert.expires_at END,
    starts_at = least(alert.starts_at, given.starts_at)
FROM held JOIN given ON given.dedup_key = held.dedup_key
WHERE alert.id = held.id
RETURNING alert.id, alert.dedup_key, status, severity, received_severity, repeat_count,
    content_hash, snoozed_until IS NOT NULL
"""
_OUTDATED = f"""
SELECT number FROM {_given(("number", "dedup_key", "resolved_at", "whole"))}
JOIN alerts_alert alert ON alert.dedup_key = given.dedup_key
WHERE alert.resolved_at = given.resolved_at
    OR (alert.resolved_at IS NULL AND whole AND alert.starts_at > given.resolved_at)
"""
_SEEN = """
SELECT DISTINCT dedup_key FROM alerts_alert WHERE dedup_key = ANY(%s::text[]) AND resolved_at > %s
"""
_INSERT = f"""
INSERT INTO alerts_alert ({", ".join(_INSERTED)})
SELECT {", ".join(_INSERTED)} FROM {_given(_INSERTED)}
ON CONFLICT (dedup_key) WHERE resolved_at IS NULL DO NOTHING
RETURNING dedup_key, id
"""
_REWRITE_STATE = f"""
UPDATE alerts_alert alert
SET status = given.status, severity = given.severity, received_severity = given.received_severity,
    resolved_at = CASE WHEN given.resolved_at IS NOT NULL
        THEN greatest(given.resolved_at, alert.starts_at) END,
    snoozed_until = CASE WHEN given.wake THEN NULL ELSE snoozed_until END
FROM {_given(_STATES)}
WHERE alert.id = given.id
"""
_REWRITE_CONTENT = f"""
UPDATE alerts_alert alert SET {", ".join(f"{column} = given.{column}" for column in CONTENT)}
FROM {_given(_CONTENTS)}
WHERE alert.id = given.id
"""
_RECORD = f"""
WITH recorded AS (
    INSERT INTO alerts_transition (alert_id, kind, before, after, at, note, actor)
    SELECT alert_id, kind, before, after, %s, '', '' FROM {_given(_RECORDED)}
    ORDER BY number
    RETURNING id
)
INSERT INTO alerts_decision (transition_id, state, due_at, attempts, last_error, outcome, reasons)
SELECT id, 'due', %s, 0, '', '', '[]' FROM recorded
"""
# Episodes are locked by key everywhere, and before anything that hangs on them.
# By itself: nested in the next, it takes minutes where the tables' statistics are stale.
_HOLD_IDS = """
SELECT DISTINCT alert_id
FROM alerts_decision decision JOIN alerts_transition transition ON transition.id = transition_id
WHERE decision.id = ANY(%s)
"""
_HOLD_EPISODES = """
SELECT alert.id, {columns}, team.name
FROM alerts_alert alert LEFT JOIN accounts_team team ON team.id = alert.team_id
WHERE alert.id = ANY(%s)
ORDER BY dedup_key
FOR UPDATE OF alert
"""
_HOLD = """
SELECT decision.id, attempts, due_at, transition_id, kind, after, alert_id
FROM alerts_decision decision JOIN alerts_transition transition ON transition.id = transition_id
WHERE decision.id = ANY(%s) AND state = 'claimed'
ORDER BY decision.id
FOR UPDATE OF decision
"""
_AMEND = f"""
UPDATE alerts_alert alert SET {", ".join(f"{column} = given.{column}" for column in AMENDED)}
FROM {_given((*AMENDED, "id"))}
WHERE alert.id = given.id
"""
_HOLD_BACK = f"""
UPDATE alerts_alert alert SET {", ".join(f"{column} = given.{column}" for column in HELD_BACK)}
FROM {_given((*HELD_BACK, "id"))}
WHERE alert.id = given.id
"""
_TELL = f"""
INSERT INTO alerts_notification ({", ".join(TOLD)}, due_at, created_at, attempts, last_error,
    accepted)
SELECT {", ".join(TOLD)}, %s, %s, 0, '', '[]' FROM {_given(("number", *TOLD))}
ORDER BY number
ON CONFLICT (alert_id, channel_id, about) DO NOTHING
"""
_SETTLE = f"""
UPDATE alerts_decision decision
SET state = 'done', last_error = '', finished_at = %s, outcome = given.outcome,
    reasons = given.reasons, labels = given.labels, policy_version = given.policy_version
FROM {_given(_SETTLED)}
WHERE decision.id = given.id
"""


class PostgresStatements:
    """See `alerts.episodes.Statements`."""

    def unseen(self, keys: Sequence[str]) -> Sequence[str]:
        """None: here only the rows are locked, and to look twice costs more than it spares."""
        return ()

    def prepare(self, episodes: Sequence[NewEpisode], now: datetime) -> Sequence[Any]:
        """Rows as the document takes them."""
        clean = all_clean(episode.event for episode in episodes)
        return [
            (*state_columns(new, now), *content_columns(new.event, clean=clean)) for new in episodes
        ]

    def touch(self, touches: Sequence[Touch], now: datetime) -> dict[str, Stored]:
        """Count repeats; locks are taken in the order of the keys."""
        with connection.cursor() as cursor:
            keys = _array([touch.dedup_key for touch in touches])
            cursor.execute(_TOUCH, [json_text(touches), keys, now])
            return {row[1]: Stored(*row) for row in cursor.fetchall()}

    def outdated(self, ends: Sequence[End]) -> set[int]:
        """Numbers of resolves that are about earlier episodes."""
        with connection.cursor() as cursor:
            cursor.execute(_OUTDATED, [json_text(ends)])
            return {row[0] for row in cursor.fetchall()}

    def seen_since(self, keys: Sequence[str], since: datetime) -> set[str]:
        """Keys with an episode resolved after `since`."""
        with connection.cursor() as cursor:
            cursor.execute(_SEEN, [_array(keys), since])
            return {row[0] for row in cursor.fetchall()}

    def insert(self, rows: Sequence[Any]) -> dict[str, int]:
        """Open episodes; waits for whoever is opening one of them now."""
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, [_document(_INSERTED, rows)])
            return dict(cursor.fetchall())

    def rewrite(self, rewrites: Sequence[Rewrite]) -> None:
        """Store what changed."""
        states = (
            (new.id, new.status, new.severity, new.received_severity, new.wake, new.resolved_at)
            for new in rewrites
        )
        contents = [(new.id, *content_columns(new.content)) for new in rewrites if new.content]
        with connection.cursor() as cursor:
            cursor.execute(_REWRITE_STATE, [_document(_STATES, states)])
            if contents:
                cursor.execute(_REWRITE_CONTENT, [_document(_CONTENTS, contents)])

    def record(self, transitions: Sequence[tuple[int, str, str, str]], now: datetime) -> None:
        """Append transitions and their decisions."""
        rows = ((number, *transition) for number, transition in enumerate(transitions))
        with connection.cursor() as cursor:
            cursor.execute(_RECORD, [now, _document(_RECORDED, rows), now])

    def hold(self, ids: Sequence[int], columns: Sequence[str]) -> list[Any]:
        """Claimed decisions and their episodes, as they are once both are locked."""
        given = list(ids)
        names = ", ".join(f"alert.{name}" for name in columns)
        with connection.cursor() as cursor:
            cursor.execute(_HOLD_IDS, [given])
            held = [row[0] for row in cursor.fetchall()]
            cursor.execute(_HOLD_EPISODES.format(columns=names), [held])
            episodes = {row[0]: row[1:] for row in cursor.fetchall()}
            cursor.execute(_HOLD, [given])
            return [(*row, *episodes[row[6]]) for row in cursor.fetchall()]

    def amend(self, episodes: Sequence[tuple[Any, ...]]) -> None:
        """Store what was decided about open episodes."""
        with connection.cursor() as cursor:
            cursor.execute(_AMEND, [_document((*AMENDED, "id"), episodes)])

    def hold_back(self, episodes: Sequence[tuple[Any, ...]]) -> None:
        """Store what holds back the telling of open episodes."""
        with connection.cursor() as cursor:
            cursor.execute(_HOLD_BACK, [_document((*HELD_BACK, "id"), episodes)])

    def tell(self, notifications: Sequence[NewNotification], now: datetime) -> None:
        """Append notifications."""
        rows = ((number, *new.values()) for number, new in enumerate(notifications))
        with connection.cursor() as cursor:
            cursor.execute(_TELL, [now, now, _document(("number", *TOLD), rows)])

    def settle(self, decisions: Sequence[Settled], now: datetime) -> None:
        """Mark decisions as done."""
        with connection.cursor() as cursor:
            cursor.execute(_SETTLE, [now, _document(_SETTLED, decisions)])


def _array(texts: Sequence[str]) -> str | list[str]:
    """As PostgreSQL writes an array, which is JSON in braces unless something had to be escaped."""
    text = json_text(texts)
    return list(texts) if "\\" in text else f"{{{text[1:-1]}}}"


def _document(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """The rows as JSON objects; what is JSON text already goes in as it is."""
    nested = [_TYPES.get(column) == "jsonb" for column in columns]
    objects = []
    for row in rows:
        values = [
            msgspec.Raw(value) if inner and isinstance(value, str) else value
            for inner, value in zip(nested, row, strict=True)
        ]
        objects.append(dict(zip(columns, values, strict=True)))
    return json_text(objects)

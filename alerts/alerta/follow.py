"""A document follows its episode: what people do there, and time, show in Alerta's reads.

The episode wins while it is open. What has happened to it since the document knew of it is read
from its transitions: shown at once, and kept at the document's next change.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid5

from django.db.models import Case, CharField, F, Max, Q, QuerySet, Value, When

from alerts.formats.alerta.alarm import (
    ACK,
    BLACKOUT,
    CLOSED,
    EXPIRED,
    OPEN,
    OVER,
    SHELVED,
    UNTAKEN,
)
from alerts.formats.alerta.write import iso, to_millisecond
from alerts.models import Alert, AlertaAlert, Transition

Kind = Transition.Kind
Row = dict[str, Any]
MOST_HISTORY, MOST_NOTES = 100, 100
# Characters of what a row of history says.
LONGEST_ROW = 2000
# What a silence holds back says so; see `Policy`.
SILENCED = "silence "
# Rows of history that were made of transitions go by numbers of their own.
_NUMBERS = UUID("7f1c0b54-98a1-4f0e-9c54-6d0c9c0f2a11")
FOLLOWED = (
    Kind.ACKNOWLEDGED, Kind.UNACKNOWLEDGED, Kind.SNOOZED, Kind.WOKEN, Kind.RESOLVED, Kind.EXPIRED,
    Kind.ASSIGNED, Kind.NOTED,
)  # fmt: skip
_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        Kind.ACKNOWLEDGED: ("ack", ACK),
        Kind.UNACKNOWLEDGED: ("unack", OPEN),
        Kind.SNOOZED: ("shelve", SHELVED),
        Kind.RESOLVED: ("status", CLOSED),
        Kind.EXPIRED: ("expired", EXPIRED),
    }
)
# Of documents in a list together.
_MOST_TRANSITIONS = 5000

_ENDED = Case(
    When(status__in=OVER, then=F("status")),
    When(episode__resolved_at__gte=F("episode__expires_at"), then=Value(EXPIRED)),
    default=Value(CLOSED),
)
# How a document stands, for the database: as `standing_of` says, and whether it is silenced.
STANDING = Case(
    When(Q(episode=None) | Q(episode__resolved_at__isnull=False), then=_ENDED),
    When(episode__snoozed_until__isnull=False, then=Value(SHELVED)),
    When(episode__status=Alert.Status.ACKNOWLEDGED, then=Value(ACK)),
    When(episode__suppressed__startswith=SILENCED, then=Value(BLACKOUT)),
    When(status__in=UNTAKEN, then=F("status")),
    default=Value(OPEN),
    output_field=CharField(),
)


def standing_of(status: str, episode: Alert | None) -> str:
    """The document's status: its own word where the episode agrees, else the episode's."""
    if episode is None or episode.resolved_at is not None:
        if status in OVER:
            return status
        expires_at = episode.expires_at if episode else None
        ended_at = episode.resolved_at if episode else None
        expired = expires_at is not None and ended_at is not None and ended_at >= expires_at
        return EXPIRED if expired else CLOSED
    if episode.snoozed_until is not None:
        return SHELVED
    if episode.status == Alert.Status.ACKNOWLEDGED:
        return ACK
    return status if status in UNTAKEN else OPEN


def is_silenced(episode: Alert | None) -> bool:
    """Whether nobody is told of it because of a silence."""
    if episode is None or episode.resolved_at is not None or episode.snoozed_until is not None:
        return False
    firing = episode.status == Alert.Status.FIRING
    return firing and episode.suppressed.startswith(SILENCED)


def follow_episode(document: AlertaAlert, episode: Alert | None) -> None:
    """Bring the document, not yet stored, to where its (locked) episode stands."""
    news = [] if episode is None else list(_news().filter(alert=episode, pk__gt=document.followed))
    _catch_up(document, episode, news)
    if news:
        document.followed = news[-1].pk


def show_followed(
    documents: Sequence[AlertaAlert], *, history: bool = True, notes: bool = False
) -> None:
    """The same for many that are only shown, in one query; their episodes were fetched with them.

    What is silenced is shown as in a blackout.
    """
    episodes = [document.episode_id for document in documents if document.episode_id]
    news: Mapping[int, list[Transition]] = defaultdict(list)
    unknown = Q(pk__gt=F("alert__alerta_documents__followed"), alert__in=episodes)
    latest = _news().filter(unknown).order_by("-pk")[:_MOST_TRANSITIONS]
    for found in reversed(latest):
        news[found.alert_id].append(found)
    for document in documents:
        episode = document.episode
        _catch_up(
            document,
            episode,
            news[episode.pk] if episode else [],
            history=history,
            notes=notes,
        )
        if document.status in UNTAKEN and is_silenced(episode):
            document.status = BLACKOUT


def note_followed(document: AlertaAlert) -> None:
    """The document knows of all that has happened to its (locked) episode."""
    if document.episode_id is not None:
        rows = Transition.objects.filter(alert=document.episode_id)
        document.followed = rows.aggregate(last=Max("pk"))["last"] or 0


def add_rows(document: AlertaAlert, rows: Iterable[Row], now: datetime) -> None:
    """Rows of history, oldest first; the oldest of all go."""
    document.history = [*reversed(list(rows)), *document.history][:MOST_HISTORY]
    document.changed_at = now


def previous_status(document: AlertaAlert) -> str:
    """Of the row before the newest."""
    rows = document.history
    return str(rows[1]["status"]) if len(rows) > 1 else OPEN


def _news() -> QuerySet[Transition]:
    return Transition.objects.filter(kind__in=FOLLOWED).order_by("pk")


def _catch_up(
    document: AlertaAlert,
    episode: Alert | None,
    news: Sequence[Transition],
    *,
    history: bool = True,
    notes: bool = True,
) -> None:
    rows = []
    for found in news:
        row = _row(document, episode, found)
        if row["status"] != document.status:
            document.updated_at = to_millisecond(found.at)
            document.status = row["status"]
            document.reverts_at = None
        if found.kind == Kind.NOTED and notes:
            add_note_to(document, row)
        rows.append(row)
    standing = standing_of(document.status, episode)
    if standing != document.status:
        document.status, document.reverts_at = standing, None
        at = news[-1].at if news else document.last_received_at
        rows.append(history_row(document, "status", at=at, timeout=document.timeout))
    if rows and history:
        add_rows(document, rows, news[-1].at if news else document.changed_at)


def _row(document: AlertaAlert, episode: Alert | None, found: Transition) -> Row:
    """What happened to the episode, in Alerta's words."""
    kind, status = _WORDS.get(found.kind, (str(found.kind), document.status))
    text, timeout = found.note, document.timeout
    if document.status == SHELVED and status in (ACK, OPEN):
        status = SHELVED  # to be taken or not once that ends
    if found.kind == Kind.WOKEN:
        kind = "unshelve" if found.actor else "timeout"
        taken = episode is not None and episode.status == Alert.Status.ACKNOWLEDGED
        status = ACK if taken else OPEN
    elif found.kind == Kind.SNOOZED:
        timeout = int((datetime.fromisoformat(found.after) - found.at).total_seconds())
    elif found.kind == Kind.ASSIGNED:
        kind = "assign"
        text = f"assigned to {found.after or 'nobody'}"
    elif found.kind == Kind.NOTED:
        kind = "note"
    row = history_row(
        document, kind, at=found.at, text=text, user=found.actor or None, timeout=timeout
    )
    number = str(uuid5(_NUMBERS, str(found.pk))) if found.kind == Kind.NOTED else row["id"]
    return {**row, "id": number, "status": status}


def history_row(
    document: AlertaAlert,
    kind: str,
    *,
    at: datetime,
    timeout: int | None,
    number: str = "",
    text: str = "",
    user: str | None = None,
) -> Row:
    """A row of history of the document as it stands."""
    return {
        "id": number or str(document.id),
        "event": document.event,
        "severity": document.severity,
        "status": document.status,
        "value": document.value,
        "text": text[:LONGEST_ROW],
        "type": kind,
        "updateTime": iso(at),
        "user": user,
        "timeout": timeout,
    }


def add_note_to(document: AlertaAlert, row: Row) -> Row:
    """A note of what the row of history says."""
    about = {name: row[name] for name in ("event", "severity", "status")}
    note = {
        "id": row["id"],
        "text": row["text"],
        "user": row["user"],
        "attributes": {
            "resource": document.resource,
            "environment": document.environment,
            **about,
        },
        "createTime": row["updateTime"],
        "updateTime": None,
    }
    document.notes = [*document.notes, note][-MOST_NOTES:]
    return note

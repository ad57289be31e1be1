"""Normalise: reports of one change become one row, in whatever order they come."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any
from uuid import UUID

import msgspec

from chronos.models import ChangeEvent
from chronos.normalise import (
    DEPLOYING,
    PLANNED,
    STARTED,
    STATUS_RANK,
    SUCCEEDED,
    TERMINAL,
    UNKNOWN,
    Change,
)

# So long after its end a change is late; so far ahead of our clock its sender's is wrong.
LATE_AFTER, SKEW = timedelta(minutes=10), timedelta(minutes=5)
# What lasts longer is `lasting`: a search for a moment looks back so far for all the rest.
ORDINARY = timedelta(hours=1)
# A version that is announced again within that time is the same deployment: pods come and go.
SAME_WITHIN = timedelta(hours=1)

_TEXTS = {
    field.name: field.max_length
    for field in ChangeEvent._meta.concrete_fields
    if field.name in Change.__struct_fields__ and getattr(field, "max_length", None)
}
# Every column in its order, as it is when nothing is said.
_EMPTY: dict[str, Any] = {
    field.name: None if field.null or field.primary_key else field.get_default()
    for field in ChangeEvent._meta.concrete_fields
} | {"late": False, "skewed": False, "lasting": False, "reports": 1}
# What a later report may say that an earlier one did not.
_FILLED = (
    "action", "service", "environment", "region", "version", "previous_version", "team", "actor",
    "actor_type", "actor_email", "subject", "artifact", "commit", "repository", "correlation_id",
    "causation_id", "scope", "body", "expected_end_at", "before", "after",
)  # fmt: skip
# Bytes of JSON of `data`, `before`, `after` and `labels` each.
MOST_JSON = 65_536
MOST_BODY, MOST_TAGS, MOST_LINKS, LONGEST_TAG = 20_000, 50, 50, 200


def event_of(change: Change, *, now: datetime) -> ChangeEvent:
    """The row of a first report, not stored yet."""
    values: dict[str, Any] = {**_EMPTY}
    for name, most in _TEXTS.items():
        if text := getattr(change, name):
            values[name] = _clean(text)[:most]
    started_at = change.started_at or change.ended_at or now
    values |= {
        "status": change.status or (SUCCEEDED if not change.expected_end_at else STARTED),
        "started_at": started_at,
        "ended_at": change.ended_at,
        "expected_end_at": change.expected_end_at,
        "severity": min(max(change.severity, 0), 5),
        "recorded_at": now,
        "updated_at": now,
        "body": _clean(change.body)[:MOST_BODY],
        "tags": cut_tags(change.tags) if change.tags else [],
        "links": [dict(link) for link in change.links[:MOST_LINKS]],
        "before": _bounded(change.before),
        "after": _bounded(change.after),
        "labels": _bounded(change.labels) or {},
        "data": _bounded(change.data) or {},
    }
    # By place: by name takes three times as long.
    columns: Any = values.values()
    event = ChangeEvent(*columns)
    settle(event, now)
    return event


def fold_report(
    event: ChangeEvent, report: ChangeEvent, *, now: datetime, named: Collection[str] = ()
) -> bool:
    """Fold what was reported again into the row; whether anything is new.

    A status of lower rank, or another end once there is one, changes nothing, unless the end was
    the start; what is empty is filled. The earliest start is the start. What is `named` is
    corrected: it becomes what the report says, except that what is over stays over.
    """
    before = _facts(event)
    if named:
        _correct(event, report, named)
    further = STATUS_RANK[report.status] > STATUS_RANK[event.status]
    if further:
        event.status = report.status
        if report.status in TERMINAL:
            event.ended_at = report.ended_at
            event.title = report.title or event.title
    elif _is_point(event) and event.status == report.status and not _is_point(report):
        # What was told as a moment turns out to have lasted.
        event.ended_at = report.ended_at
    for name in _FILLED:
        value = getattr(report, name)
        if value not in ("", None) and (further or getattr(event, name) in ("", None)):
            setattr(event, name, value)
    event.started_at = min(event.started_at, report.started_at)
    event.severity = max(event.severity, report.severity)
    event.tags = cut_tags([*event.tags, *report.tags])
    known = {link.get("href") for link in event.links}
    event.links = [
        *event.links,
        *(link for link in report.links if link.get("href") not in known),
    ][:MOST_LINKS]
    event.labels = _merged(event.labels, report.labels, further=further)
    event.data = _merged(event.data, report.data, further=further)
    settle(event, event.recorded_at)
    if _facts(event) == before:
        return False
    event.updated_at = now
    return True


def _correct(event: ChangeEvent, report: ChangeEvent, named: Collection[str]) -> None:
    """Set what is named; a report that names neither status nor end says nothing of them."""
    over = event.status in TERMINAL and report.status not in TERMINAL
    if over or not {"status", "ended_at"} & set(named):
        report.status = event.status
    further = STATUS_RANK[report.status] > STATUS_RANK[event.status]
    for name in named:
        if not (over and name == "ended_at") and not (further and name == "status"):
            setattr(event, name, getattr(report, name))


def key_of(change: Change) -> UUID | None:
    """What the change is recognised by; None: by nothing, each report is a change of its own.

    Without an id of its sender's, a version of a service in a place is one deployment (for an
    hour), and what says the same of the same instant is the same.
    """
    if change.external_id:
        return digest(change.source, "id", change.external_id)
    if change.kind in DEPLOYING and change.service and change.version:
        place = (change.service, change.environment, change.region)
        return digest(change.source, "version", change.kind, change.version, *place)
    if change.started_at is None:
        return None
    return digest(change.source, "once", msgspec.json.encode(change).decode())


def report_key_of(change: Change) -> UUID | None:
    """What this very report is recognised by, where its sender numbers them."""
    return digest(change.source, "report", change.report_id) if change.report_id else None


def digest(*parts: str) -> UUID:
    """128 bits that stand for the texts."""
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return UUID(bytes=blake2b(text, digest_size=16).digest())


def is_again(event: ChangeEvent, report: ChangeEvent) -> bool:
    """Whether what has no id of its own, and the same key, is the same change."""
    if report.external_id:
        return True
    apart = abs(report.started_at - event.started_at)
    return (
        apart <= SAME_WITHIN
        or abs(report.started_at - (event.ended_at or event.started_at)) <= SAME_WITHIN
    )


def _is_point(event: ChangeEvent) -> bool:
    return event.ended_at == event.started_at


def settle(event: ChangeEvent, heard_at: datetime) -> None:
    """What follows from the rest: the end, and what marks it."""
    if event.status in (PLANNED, STARTED):
        event.ended_at = None
    elif event.ended_at is None:
        event.ended_at = event.started_at
    if event.ended_at is not None and event.ended_at < event.started_at:
        event.started_at = event.ended_at
    last = event.ended_at or event.started_at
    event.lasting = event.ended_at is not None and event.ended_at - event.started_at > ORDINARY
    event.late = heard_at - last > LATE_AFTER
    event.skewed = event.status not in (PLANNED, UNKNOWN) and last - heard_at > SKEW


def _facts(event: ChangeEvent) -> tuple[Any, ...]:
    names = (
        "kind", "status", "title", "started_at", "ended_at", "severity", "tags", "links", "labels",
        "data",
    )  # fmt: skip
    return tuple(getattr(event, name) for name in (*names, *_FILLED))


def cut_tags(tags: Iterable[str]) -> list[str]:
    """Once each, in their order."""
    cut = (_clean(tag).strip()[:LONGEST_TAG] for tag in tags)
    return [tag for tag in dict.fromkeys(cut) if tag][:MOST_TAGS]


def _clean(text: str) -> str:
    return text.replace("\0", "\ufffd") if "\0" in text else text


def _merged(known: dict[str, Any], told: dict[str, Any], *, further: bool) -> dict[str, Any]:
    """Both; where that is too much, what is known: reports must not make a row longer for ever."""
    both = {**known, **told} if further else {**told, **known}
    if not told or both == known or len(msgspec.json.encode(both)) <= MOST_JSON:
        return both
    return known


def _bounded(value: Any) -> Any:
    """What is very large is not for a timeline."""
    if not value:
        return value
    size = len(msgspec.json.encode(value))
    return {"note": f"{size} bytes were too many to keep."} if size > MOST_JSON else value

"""Grafana's annotations: `POST /api/annotations` and `/api/annotations/graphite`.

Contract: docs/sources/developer-resources/api-reference/http-api/annotations.md and
pkg/api/annotations.go of grafana/grafana. Null stands for what is not there, and so does 0.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from chronos.formats import ChangeFormat
from chronos.formats.fields import take_fields, web_link
from chronos.formats.words import kind_of, known_kind
from chronos.normalise import Change, ChangeReceipt
from opsportal.lib.contracts import (
    MOST_LEVELS,
    Parsed,
    Received,
    Reply,
    check_instant,
    is_deep,
    split_json,
)
from opsportal.lib.errors import FieldError, OpsError, PayloadError
from opsportal.lib.redact import redact_value

SOURCE = "grafana"
# What keeps whose an annotation is, and where it was made.
MARK = "annotation"
KIND = "note"
# Tags `key:value`, or `key=value`, that fill a field.
FIELD_TAGS = (
    "kind", "app", "service", "application", "env", "environment", "region", "version", "team",
    "actor", "user", "repo", "repository", "commit", "sha",
)  # fmt: skip
_TAG = re.compile(r"([A-Za-z_]+)[:=](.+)", re.DOTALL)
_HREF = re.compile(r"""<a\s[^<>]*?href=["']?(https?://[^"'\s>]+)""", re.IGNORECASE)
_MARKUP = re.compile(r"<[^<>]*>")
LONGEST_TITLE = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Number = int | float | None


class Annotation(Struct, rename="camel"):
    """The body of an annotation, new or changed."""

    time: Number = None
    time_end: Number = None
    text: str | None = None
    tags: list[str] | None = None
    dashboard_id: Number = None
    dashboard_uid: str | None = msgspec.field(default=None, name="dashboardUID")
    panel_id: Number = None
    data: Any = None


class GraphiteEvent(Struct):
    """The body of an event in Graphite's way; before its 0.10 tags were one text."""

    what: str | None = None
    when: Number = None
    tags: list[str] | str | None = None
    data: str | None = None


_annotation = msgspec.json.Decoder(Annotation)
_event = msgspec.json.Decoder(GraphiteEvent)


class GrafanaAnnotationsFormat(ChangeFormat):
    """Annotations; what is read and changed here is answered by `chronos.api.annotations`."""

    slug = "grafana_annotations"
    label = "Grafana annotations"
    paths = ("/api/annotations", "/grafana/api/annotations")
    view = "chronos.api.annotations.annotation_list"
    added = "Annotation added"

    def parse(self, received: Received) -> Parsed:
        """One annotation."""
        given = read_annotation(received.body)
        started_at, ended_at = span_of(given, received.now)
        where = {
            "dashboardId": given.dashboard_id,
            "dashboardUID": given.dashboard_uid,
            "panelId": given.panel_id,
            "data": redact_value(given.data),
        }
        return _parsed(given.text or "", given.tags or (), started_at, ended_at, received, where)

    def answer(self, parsed: Parsed, receipts: Sequence[ChangeReceipt]) -> Reply:
        """With the id by which it is found, changed and withdrawn."""
        return Reply(200, msgspec.json.encode({"message": self.added, "id": receipts[0].event_id}))

    def refuse(self, error: OpsError) -> Reply:
        """Grafana's errors are a message."""
        return Reply(error.status, msgspec.json.encode({"message": error.message}))


class GraphiteAnnotationsFormat(GrafanaAnnotationsFormat):
    """Annotations in Graphite's way: an instant, in seconds."""

    slug = "graphite_annotations"
    label = "Grafana annotations, Graphite"
    paths = ("/api/annotations/graphite", "/grafana/api/annotations/graphite")
    view = ""
    added = "Graphite annotation added"

    def parse(self, received: Received) -> Parsed:
        """One event."""
        event = _decode(_event, received.body)
        if not (event.what or "").strip():
            raise PayloadError("what field should not be empty")
        text = f"{event.what}\n{event.data}" if event.data else event.what or ""
        tags = event.tags.split() if isinstance(event.tags, str) else event.tags or ()
        at = instant_of("when", event.when, 1)
        return _parsed(text, tags, at, None, received, {})


def read_annotation(body: bytes, *, partly: bool = False) -> Annotation:
    """The annotation; `partly` where only what changes is told. Raises PayloadError."""
    given: Annotation = _decode(_annotation, body)
    if not partly and not (given.text or "").strip():
        raise PayloadError("text field should not be empty")
    if is_deep(given.data):
        raise PayloadError(f"data is nested deeper than {MOST_LEVELS} levels")
    return given


def span_of(given: Annotation, now: datetime) -> tuple[datetime | None, datetime | None]:
    """Start and end, in their order; None for a start that is not told. Raises PayloadError."""
    started_at = instant_of("time", given.time, 1000)
    ended_at = instant_of("timeEnd", given.time_end, 1000)
    if ended_at is None:
        return started_at, None
    first, last = sorted((started_at or now, ended_at))
    return first, last


def instant_of(name: str, given: Number, units: int) -> datetime | None:
    """So many units (1 or 1,000 a second) after 1970. Raises PayloadError."""
    if not given:
        return None
    try:
        return check_instant(_EPOCH + timedelta(seconds=given / units))
    except (ValueError, OverflowError):
        wrong = f"{name} must be a time between 1970 and 2200, 1/{units} seconds since 1970"
        raise PayloadError(wrong, [FieldError(name, wrong)]) from None


def words_of(text: str) -> dict[str, Any]:
    """Title, body and links of a text, which may hold HTML: arguments of a Change."""
    plain = _MARKUP.sub("", text).strip() or text.strip()
    title = plain.partition("\n")[0].strip()[:LONGEST_TITLE]
    links = (web_link(href) for href in dict.fromkeys(_HREF.findall(text)))
    return {
        "title": title,
        "body": "" if text.strip() == title else text,
        "links": tuple(link for link in links if link),
    }


def _parsed(
    text: str,
    tags: Iterable[str],
    started_at: datetime | None,
    ended_at: datetime | None,
    received: Received,
    where: Mapping[str, Any],
) -> Parsed:
    kept = tuple(tags)
    fields, _ = take_fields(_named(kept))
    said = fields.get("kind") or next(filter(None, map(known_kind, kept)), "")
    mark = {"key": received.key_id} | {name: value for name, value in where.items() if value}
    fields |= words_of(text) | {
        "kind": kind_of(said, version=fields.get("version", ""), otherwise=KIND),
        "started_at": started_at,
        "ended_at": ended_at,
        "source": SOURCE,
        "tags": kept,
        "data": {MARK: mark},
    }
    return Parsed(changes=[Change(**fields)], many=False)


def _named(tags: Iterable[str]) -> dict[str, str]:
    """What tags say of fields; the first of a name counts."""
    found: dict[str, str] = {}
    for tag in tags:
        pair = _TAG.fullmatch(tag.strip())
        if pair and pair[1].lower() in FIELD_TAGS:
            found.setdefault(pair[1].lower(), pair[2].strip())
    return found


def _decode(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    members, many = split_json(body)
    if many:
        raise PayloadError("bad request data: one object at a time")
    try:
        return decoder.decode(members[0])
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise PayloadError(f"bad request data: {error}") from error

"""The fields of the portal's own contract for changes, and what they come to."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from chronos.normalise import (
    ACTOR_TYPES,
    OURS,
    PLANNED,
    STARTED,
    STATUSES,
    Change,
)
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.matchers import MatcherError, parse_matchers
from opsportal.lib.payloads import check_url, complaint_of, read_instant
from opsportal.lib.redact import is_clean, redact_value

# Of what is nested in `before`, `after` and `data`: databases and readers have limits of theirs.
DEEPEST = 32

Kind = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]*$", max_length=50)]
Tiny = Annotated[str, Meta(max_length=50)]
Short = Annotated[str, Meta(max_length=100)]
Medium = Annotated[str, Meta(max_length=200)]
Long = Annotated[str, Meta(max_length=300)]
Address = Annotated[str, Meta(max_length=1000)]
LabelName = Annotated[str, Meta(min_length=1, max_length=200)]
Scalar = Annotated[str, Meta(max_length=4096)] | int | float | bool | None
Instant = Annotated[datetime, Meta(tz=True)] | int | float | None


class NativeLink(Struct):
    """One entry of `links`."""

    href: Address
    text: Long | None = None
    rel: Tiny | None = None


class NativeActor(Struct):
    """Who did it, where more than the name is known."""

    name: Medium
    type: str | None = None
    email: Annotated[str, Meta(max_length=254)] | None = None


class NativeChange(Struct, forbid_unknown_fields=True):
    """The fields of one change; null means absent."""

    kind: Kind
    title: Annotated[str, Meta(min_length=1, max_length=500)]
    action: Tiny | None = None
    status: str | None = None
    body: Annotated[str, Meta(max_length=20_000)] | None = None
    service: Medium | None = None
    app: Medium | None = None
    environment: Short | None = None
    env: Short | None = None
    region: Short | None = None
    version: Medium | None = None
    previous_version: Medium | None = None
    team: Short | None = None
    actor: Medium | NativeActor | None = None
    actor_type: str | None = None
    actor_email: Annotated[str, Meta(max_length=254)] | None = None
    source: Medium | None = None
    external_id: Long | None = None
    subject: Long | None = None
    severity: Annotated[int, Meta(ge=0, le=5)] | None = None
    artifact: Annotated[str, Meta(max_length=500)] | None = None
    commit: Short | None = None
    repository: Long | None = None
    correlation_id: Medium | None = None
    causation_id: Medium | None = None
    scope: Annotated[str, Meta(max_length=1000)] | None = None
    started_at: Instant = None
    ended_at: Instant = None
    expected_end_at: Instant = None
    tags: Annotated[list[Medium], Meta(max_length=50)] | None = None
    labels: Annotated[dict[LabelName, Scalar], Meta(max_length=100)] | None = None
    links: Annotated[list[NativeLink], Meta(max_length=50)] | None = None
    before: Any = None
    after: Any = None
    data: dict[str, Any] | None = None


_decoder = msgspec.json.Decoder(NativeChange)
_object = msgspec.json.Decoder(dict[str, Any])
_PLAIN = (
    "action", "body", "region", "version", "previous_version", "team", "external_id", "subject",
    "artifact", "commit", "repository", "correlation_id", "causation_id", "scope",
)  # fmt: skip


def read_change(payload: bytes) -> Change:
    """One member as a change. Raises PayloadError with every complaint there is."""
    try:
        try:
            change = _change(_decoder.decode(payload))
        except msgspec.ValidationError:
            change = read_fields(_object.decode(payload))
        free = change.labels or change.data or change.before or change.after
        return _without_secrets(change) if free and not is_clean(payload) else change
    except msgspec.ValidationError as error:
        raise _refusal([complaint_of(str(error))]) from error
    except (msgspec.DecodeError, UnicodeError) as error:
        raise PayloadError("The body is not valid JSON.", [FieldError("", str(error))]) from error
    except RecursionError as error:
        raise PayloadError("The body is nested too deeply.", [_TOO_DEEP]) from error


def _without_secrets(change: Change) -> Change:
    """What was changed may be a secret; that it was changed is none."""
    free = ("labels", "before", "after", "data")
    return replace(change, **{name: redact_value(getattr(change, name)) for name in free})


def read_fields(given: Mapping[str, Any]) -> Change:
    """The same of what is decoded already; a field that is not ours is kept in `data`."""
    known = {name: given[name] for name in given if name in _FIELDS}
    native = msgspec.convert(known, NativeChange)
    if len(known) < len(given):
        others = {name: given[name] for name in given if name not in known}
        native.data = {**others, **(native.data or {})}
    return _change(native)


def read_named(payload: bytes) -> tuple[Change, frozenset[str]]:
    """A change, and which of its fields the object names; null empties all but a few."""
    change = read_change(payload)
    given = _object.decode(payload)
    named = {name for name in given if given[name] is not None or name not in _NEVER_EMPTY}
    actor = given.get("actor")
    if isinstance(actor, dict):
        named |= {f"actor_{name}" for name in ("type", "email") if name in actor}
    if not named <= _FIELDS:
        named.add("data")
    return change, frozenset(_SYNONYMS.get(name, name) for name in named & _FIELDS) - _ITS_KEY


_FIELDS = frozenset(NativeChange.__struct_fields__)
_SYNONYMS: Mapping[str, str] = MappingProxyType({"app": "service", "env": "environment"})
_NEVER_EMPTY = frozenset({"kind", "title", "status", "actor", "started_at", "ended_at"})
_ITS_KEY = frozenset({"source", "external_id"})
_TOO_DEEP = FieldError("", f"is nested deeper than {DEEPEST} levels")


def _change(native: NativeChange) -> Change:
    errors: list[FieldError] = []
    times: dict[str, Any] = {
        name: read_instant(name, getattr(native, name), errors)
        for name in ("started_at", "ended_at", "expected_end_at")
    }
    status = _status(native, errors)
    actor = native.actor
    if not isinstance(actor, NativeActor):
        actor = NativeActor(actor or "", native.actor_type, native.actor_email)
    _check_order(times, errors)
    _check_rest(native, actor, errors)
    facts: dict[str, Any] = {name: getattr(native, name) or "" for name in _PLAIN}
    facts["service"] = _either(native, "service", "app", errors)
    facts["environment"] = _either(native, "environment", "env", errors)
    if errors:
        raise _refusal(errors)
    return Change(
        kind=native.kind.lower(),
        title=native.title,
        status=status,
        source=native.source or "",
        severity=native.severity or 0,
        actor=actor.name,
        actor_type=(actor.type or "").lower(),
        actor_email=actor.email or "",
        tags=tuple(native.tags or ()),
        labels=_texts(native.labels or {}),
        links=tuple(
            {"href": link.href, "text": link.text or "", "rel": link.rel or ""}
            for link in native.links or ()
        ),
        before=native.before,
        after=native.after,
        data=native.data or {},
        **times,
        **facts,
    )


def _status(native: NativeChange, errors: list[FieldError]) -> str:
    status = (native.status or "").lower()
    if status and status not in STATUSES:
        errors.append(
            FieldError("status", f"must be one of {', '.join(STATUSES)}, not {native.status!r:.60}")
        )
    if status in (PLANNED, STARTED) and native.ended_at is not None:
        errors.append(
            FieldError("ended_at", f"has no place in what is {status}; say how it ended, or not")
        )
    return status


def _check_order(times: Mapping[str, datetime | None], errors: list[FieldError]) -> None:
    start = times["started_at"]
    for name in ("ended_at", "expected_end_at"):
        end = times[name]
        if start and end and end < start:
            errors.append(FieldError(name, "is before started_at"))


def _check_rest(native: NativeChange, actor: NativeActor, errors: list[FieldError]) -> None:
    nested = ("before", "after", "data")
    deep = [name for name in nested if not _shallow(getattr(native, name))]
    errors += [FieldError(name, _TOO_DEEP.message) for name in deep]
    if actor.type and actor.type.lower() not in ACTOR_TYPES:
        field = "actor.type" if isinstance(native.actor, NativeActor) else "actor_type"
        errors.append(FieldError(field, f"must be {' or '.join(ACTOR_TYPES)}"))
    if native.source == OURS:
        errors.append(FieldError("source", f"{OURS} is the portal's own; name another"))
    for index, link in enumerate(native.links or ()):
        check_url(f"links[{index}].href", link.href, errors)
    if native.scope:
        try:
            parse_matchers(native.scope)
        except MatcherError as error:
            errors.append(FieldError("scope", error.message))


def _either(native: NativeChange, name: str, synonym: str, errors: list[FieldError]) -> str:
    one, other = getattr(native, name), getattr(native, synonym)
    if one and other and one != other:
        errors.append(FieldError(synonym, f"is another word for {name}, which says otherwise"))
    return one or other or ""


def _texts(labels: Mapping[str, Any]) -> Mapping[str, str]:
    """Label values as texts; null means absent."""
    return {
        name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
        for name, value in labels.items()
        if value is not None
    }


def _shallow(value: Any, deepest: int = DEEPEST) -> bool:
    if not isinstance(value, dict | list):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return deepest > 0 and all(_shallow(one, deepest - 1) for one in inner)


def _refusal(errors: Sequence[FieldError]) -> PayloadError:
    return PayloadError("The change is not valid.", errors)

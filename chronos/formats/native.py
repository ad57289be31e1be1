"""The portal's own contract: `POST /api/v1/events`, one object or an array of them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from chronos.formats import ChangeFormat
from chronos.normalise import (
    ACTOR_TYPES,
    OURS,
    PLANNED,
    STARTED,
    STATUSES,
    Change,
    ChangeReceipt,
    change_url,
)
from opsportal.lib.contracts import Parsed, Received, Rejection, Reply, split_json
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.matchers import MatcherError, parse_matchers
from opsportal.lib.payloads import check_url, complaint_of, read_instant

MOST_CHANGES = 10_000
# Of what is nested in `before`, `after` and `data`: databases and readers have limits of theirs.
DEEPEST = 32
MOST_COMPLAINTS = 100

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


class NativeFormat(ChangeFormat):
    """`POST /api/v1/events`."""

    slug = "native-events"
    label = "opsportal events"
    paths = ("/api/v1/events",)
    keeps_all = False

    def parse(self, received: Received) -> Parsed:
        """One object, or an array whose good members are kept."""
        members, many = split_json(received.body)
        if not many:
            return Parsed(changes=[read_change(members[0])], many=False)
        if len(members) > MOST_CHANGES:
            raise PayloadError(
                f"The array holds {len(members)} changes; send at most {MOST_CHANGES} at a time."
            )
        changes, rejected = [], []
        for index, member in enumerate(members):
            try:
                changes.append(read_change(member))
            except PayloadError as error:
                rejected.append(Rejection(index, error.errors))
        if rejected and not changes:
            raise PayloadError("None of the changes is usable.", list(_complaints(rejected)))
        return Parsed(changes=changes, rejected=rejected)

    def answer(self, parsed: Parsed, receipts: Sequence[ChangeReceipt]) -> Reply:
        """201 for a single change that was recorded, 200 otherwise."""
        results = [answer_of(receipt) for receipt in receipts]
        if not parsed.many:
            status = 201 if receipts[0].outcome == "recorded" else 200
            return Reply(status, msgspec.json.encode(results[0]))
        repeated = sum(receipt.outcome == "repeated" for receipt in receipts)
        answer = {
            "accepted": len(receipts) - repeated,
            "duplicates": repeated,
            "rejected": [rejection.as_json() for rejection in parsed.rejected],
            "results": results,
        }
        return Reply(200, msgspec.json.encode(answer))


def answer_of(receipt: ChangeReceipt) -> dict[str, object]:
    """What became of one change, as an answer tells it."""
    return {
        "id": receipt.event_id,
        "outcome": receipt.outcome,
        "external_id": receipt.external_id,
        "url": change_url(receipt.event_id),
    }


def read_change(payload: bytes) -> Change:
    """One member as a change. Raises PayloadError with every complaint there is."""
    try:
        try:
            return _change(_decoder.decode(payload))
        except msgspec.ValidationError:
            return read_fields(_object.decode(payload))
    except msgspec.ValidationError as error:
        raise _refusal([complaint_of(str(error))]) from error
    except (msgspec.DecodeError, UnicodeError) as error:
        raise PayloadError("The body is not valid JSON.", [FieldError("", str(error))]) from error
    except RecursionError as error:
        raise PayloadError("The body is nested too deeply.", [_TOO_DEEP]) from error


def read_fields(given: Mapping[str, Any]) -> Change:
    """The same of what is decoded already; a field that is not ours is kept in `data`."""
    known = {name: given[name] for name in given if name in _FIELDS}
    try:
        native = msgspec.convert(known, NativeChange)
    except msgspec.ValidationError as error:
        raise _refusal([complaint_of(str(error))]) from error
    if len(known) < len(given):
        others = {name: given[name] for name in given if name not in known}
        native.data = {**others, **(native.data or {})}
    return _change(native)


_FIELDS = frozenset(NativeChange.__struct_fields__)
_TOO_DEEP = FieldError("", f"is nested deeper than {DEEPEST} levels")


def _change(native: NativeChange) -> Change:
    errors: list[FieldError] = []
    times = {
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


def _complaints(rejected: Sequence[Rejection]) -> Iterator[FieldError]:
    for found in rejected[:MOST_COMPLAINTS]:
        for error in found.errors:
            yield FieldError(f"{found.index}.{error.field}".rstrip("."), error.message)


def _refusal(errors: Sequence[FieldError]) -> PayloadError:
    return PayloadError("The change is not valid.", errors)

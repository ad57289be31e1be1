"""The portal's own contract: `POST /api/v1/alerts`, one object or an array of them."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, cast

import msgspec
from msgspec import Meta, Struct

from alerts.formats import AlertFormat
from alerts.normalise import (
    FIRING,
    OWN_KEYS,
    RESOLVED,
    SEVERITIES,
    SEVERITY_RANK,
    SEVERITY_SYNONYMS,
    AlertEvent,
    Link,
    Receipt,
    answers,
)
from opsportal.lib.contracts import Parsed, Received, Rejection, Reply, split_json
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.payloads import check_url, complaint_of, read_instant

MOST_ALERTS = 10_000
LONGEST_VALUE = 4096
LONGEST_TIMEOUT = timedelta(days=3660)

Name = Annotated[str, Meta(min_length=1, max_length=300)]
Short = Annotated[str, Meta(max_length=100)]
Medium = Annotated[str, Meta(max_length=200)]
Url = Annotated[str, Meta(max_length=1000)]
LabelName = Annotated[str, Meta(min_length=1, max_length=200)]
Scalar = str | int | float | bool | None
Instant = Annotated[datetime, Meta(tz=True)] | int | float | None


class NativeLink(Struct):
    """One entry of `links`."""

    href: Url
    text: Annotated[str, Meta(max_length=300)] | None = None


class NativeAlert(Struct):
    """The fields of one alert; others are kept in the raw record."""

    name: Name
    status: str | None = None
    severity: str | None = None
    summary: Annotated[str, Meta(max_length=1024)] | None = None
    description: Annotated[str, Meta(max_length=32_768)] | None = None
    source: Medium | None = None
    service: Medium | None = None
    resource: Annotated[str, Meta(max_length=300)] | None = None
    environment: Short | None = None
    region: Short | None = None
    labels: Annotated[dict[LabelName, Scalar], Meta(max_length=100)] | None = None
    annotations: Annotated[dict[LabelName, Scalar], Meta(max_length=100)] | None = None
    links: Annotated[list[NativeLink], Meta(max_length=20)] | None = None
    value: float | None = None
    runbook_url: Url | None = None
    dedup_key: Annotated[str, Meta(min_length=1, max_length=255)] | None = None
    starts_at: Instant = None
    ends_at: Instant = None
    timeout: float | None = None


_decoder = msgspec.json.Decoder(NativeAlert)


class NativeFormat(AlertFormat):
    """`POST /api/v1/alerts`."""

    slug = "native"
    label = "opsportal"
    paths = ("/api/v1/alerts",)
    keeps_all = False

    def parse(self, received: Received) -> Parsed:
        """One object, or an array whose good members are kept."""
        members, many = split_json(received.body)
        if not many:
            return Parsed([_event(members[0], received)], many=False)
        if len(members) > MOST_ALERTS:
            raise PayloadError(
                f"The array holds {len(members)} alerts; send at most {MOST_ALERTS} at a time."
            )
        events, rejected = [], []
        for index, item in enumerate(members):
            try:
                events.append(_event(item, received))
            except PayloadError as error:
                rejected.append(Rejection(index, error.errors))
        if rejected and not events:
            raise PayloadError(
                "None of the alerts is usable.",
                [
                    FieldError(f"{r.index}.{e.field}".rstrip("."), e.message)
                    for r in rejected[:100]
                    for e in r.errors
                ],
            )
        return Parsed(events, rejected)

    def answer(self, parsed: Parsed, receipts: Sequence[Receipt]) -> Reply:
        """201 for a single alert that was opened, 200 otherwise."""
        if not parsed.many:
            status = 201 if receipts[0].outcome == "opened" else 200
            return Reply(status, msgspec.json.encode(answers(receipts)[0]))
        answer = {
            "accepted": len(receipts),
            "results": answers(receipts),
            "rejected": [rejection.as_json() for rejection in parsed.rejected],
        }
        return Reply(200, msgspec.json.encode(answer))


def _event(payload: bytes, received: Received) -> AlertEvent:
    """One member as an event. Raises PayloadError with every complaint there is."""
    try:
        alert = _decoder.decode(payload)
    except msgspec.ValidationError as error:
        raise _refusal([complaint_of(str(error))]) from error
    except (msgspec.DecodeError, UnicodeError) as error:
        raise PayloadError("The body is not valid JSON.", [FieldError("", str(error))]) from error
    errors: list[FieldError] = []
    status = _status(alert.status, errors)
    severity = _severity(alert.severity, errors)
    starts_at = read_instant("starts_at", alert.starts_at, errors)
    ends_at = read_instant("ends_at", alert.ends_at, errors)
    if starts_at and ends_at and ends_at < starts_at:
        errors.append(FieldError("ends_at", "is before starts_at"))
    if alert.value is not None and not math.isfinite(alert.value):
        errors.append(FieldError("value", "must be a finite number"))
    if alert.runbook_url:
        check_url("runbook_url", alert.runbook_url, errors)
    for index, link in enumerate(alert.links or ()):
        check_url(f"links[{index}].href", link.href, errors)
    timeout = _timeout(alert.timeout, errors)
    if (alert.dedup_key or "").startswith(OWN_KEYS):
        errors.append(FieldError("dedup_key", "is one of the portal's own; name another"))
    if errors:
        raise _refusal(errors)
    if status == FIRING and ends_at and ends_at <= received.now:
        status = RESOLVED
    return AlertEvent(
        name=alert.name,
        dedup_key=alert.dedup_key or derive_dedup_key(alert),
        status=status,
        severity=severity,
        summary=alert.summary or "",
        description=alert.description or "",
        source=alert.source or "",
        service=alert.service or "",
        resource=alert.resource or "",
        environment=alert.environment or "",
        region=alert.region or "",
        labels=_texts(alert.labels),
        annotations=_texts(alert.annotations),
        links=tuple(Link(link.href, link.text or "") for link in alert.links or ()),
        value=alert.value,
        runbook_url=alert.runbook_url or "",
        starts_at=starts_at,
        ends_at=ends_at,
        timeout=timeout,
        team_id=received.team_id,
        payload=payload,
    )


def derive_dedup_key(alert: NativeAlert) -> str:
    """Source, environment, service, resource and name, parted by bars; hashed when too long."""
    parts = (alert.source, alert.environment, alert.service, alert.resource, alert.name)
    return joined_key([part or "" for part in parts])


def joined_key(parts: Sequence[str]) -> str:
    """Parts joined so that different parts never give the same key."""
    key = "|".join(
        part.replace("\\", "\\\\").replace("|", "\\|") if "|" in part or "\\" in part else part
        for part in parts
    )
    return key if len(key) <= 255 else f"sha256:{sha256(key.encode()).hexdigest()}"


def _refusal(errors: Sequence[FieldError]) -> PayloadError:
    return PayloadError("The alert is not valid.", errors)


def _status(given: str | None, errors: list[FieldError]) -> str:
    status = (given or FIRING).lower()
    if status not in (FIRING, RESOLVED):
        errors.append(FieldError("status", f"must be firing or resolved, not {given!r}"))
    return status


def _severity(given: str | None, errors: list[FieldError]) -> str:
    severity = (given or "warning").lower()
    if severity in SEVERITY_RANK:
        return severity
    known = SEVERITY_SYNONYMS.get(severity)
    if known is None:
        names = ", ".join(SEVERITIES)
        errors.append(FieldError("severity", f"must be one of {names} or a synonym, not {given!r}"))
        return "warning"
    return known


def _timeout(given: float | None, errors: list[FieldError]) -> timedelta | None:
    """Seconds; 0 is never."""
    if not given:
        return None
    if not 0 < given <= LONGEST_TIMEOUT.total_seconds():
        errors.append(
            FieldError("timeout", f"must be seconds from 0 (never) to {LONGEST_TIMEOUT.days} days")
        )
        return None
    return timedelta(seconds=given)


def _texts(labels: Mapping[str, Scalar] | None) -> Mapping[str, str]:
    """Label values as texts; null means absent."""
    if not labels:
        return {}
    for value in labels.values():
        if type(value) is not str or len(value) > LONGEST_VALUE:
            break
    else:
        return cast("Mapping[str, str]", labels)
    errors = []
    texts: dict[str, str] = {}
    for name, value in labels.items():
        if value is None:
            continue
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        if len(text) > LONGEST_VALUE:
            errors.append(
                FieldError(f"labels.{name}", f"is longer than {LONGEST_VALUE} characters")
            )
        texts[name] = text
    if errors:
        raise _refusal(errors)
    return texts

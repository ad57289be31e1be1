"""Payloads read by a mapping: pure, and bounded by the payload's size and the mapping's.

An alert is refused only when nobody can say what it is: its name, or whether it fires. What else
cannot be read is left out, with a remark.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, TypeVar

import msgspec

from alerts.formats.mapping import IGNORE, OTHERS, CompiledMapping
from alerts.formats.native import LONGEST_TIMEOUT, LONGEST_VALUE, joined_key
from alerts.normalise import FIRING, RESOLVED, SEVERITY_RANK, SEVERITY_SYNONYMS, AlertEvent, Link
from opsportal.lib.api import parse_time
from opsportal.lib.contracts import Received, split_json
from opsportal.lib.durations import parse_duration
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.expressions import Expression, ExpressionError, Finder, is_true

MOST_ALERTS = 1000
LONGEST_URL = 1000
_LONGEST = {
    "name": 300, "summary": 1024, "description": 32_768, "service": 200, "resource": 300,
    "environment": 100, "region": 100,
}  # fmt: skip
# Without these an alert is none.
_NEEDED = frozenset({"name", "status"})
Value = TypeVar("Value")


@dataclass(slots=True)
class Reading:
    """What came of one alert of a payload: an event, or why there is none."""

    event: AlertEvent | None = None
    ignored: bool = False
    errors: list[FieldError] = field(default_factory=list)
    remarks: list[FieldError] = field(default_factory=list)
    # What each expression found; a label's under `labels.NAME`.
    found: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Readings:
    """What came of a payload; `note` says why there are none."""

    alerts: Sequence[Reading]
    note: str = ""


def read_payload(mapping: CompiledMapping, received: Received) -> Readings:
    """Every alert of it. Raises PayloadError for what is not JSON, or holds no list where one is.

    Keys of alerts are the mapping's own: two senders may both count from 1.
    """
    body, document = _decode(received.body)
    finder = Finder(document)
    if mapping.condition is not None and not is_true(_find(finder, "condition", mapping.condition)):
        return Readings((), "The condition does not hold.")
    if mapping.alerts is None:
        return Readings([_Reader(mapping, finder, received).read(document, body)])
    parts = _find(finder, "alerts", mapping.alerts)
    if parts is None:
        raise _refusal("alerts", "found nothing")
    parts = parts if isinstance(parts, list) else [parts]
    if len(parts) > MOST_ALERTS:
        raise _refusal("alerts", f"{len(parts)} alerts in a payload; at most {MOST_ALERTS}")
    reader = _Reader(mapping, finder, received)
    alerts = [reader.read(part, as_text([part]).encode()[1:-1] or b"null") for part in parts]
    return Readings(alerts, "" if alerts else "The list of alerts is empty.")


def _decode(body: bytes) -> tuple[bytes, Any]:
    """The JSON text without NUL, and what it says."""
    members, many = split_json(body)
    try:
        values = [msgspec.json.decode(member) for member in members]
    except (msgspec.MsgspecError, ValueError) as error:
        raise PayloadError(f"The body is not valid JSON: {error}") from error
    except RecursionError as error:
        raise PayloadError("The body is nested too deeply.") from error
    return (b"[" + b",".join(members) + b"]", values) if many else (members[0], values[0])


def _find(finder: Finder, name: str, expression: Expression) -> Any:
    try:
        return finder.find(expression, finder.document)
    except ExpressionError as error:
        raise _refusal(name, error.message) from error


def _refusal(name: str, message: str) -> PayloadError:
    return PayloadError(f"{name}: {message}", [FieldError(name, message)])


class _Reader:
    """Reads the alerts of one payload."""

    def __init__(self, mapping: CompiledMapping, finder: Finder, received: Received) -> None:
        self._mapping, self._finder, self._received = mapping, finder, received

    def read(self, part: Any, payload: bytes) -> Reading:
        """One of them; `payload` is its JSON."""
        reading = Reading()
        texts = self._look_up(reading, part)
        status = self._status(reading, texts["status"])
        name = texts["name"].strip()
        if not name and not any(error.field == "name" for error in reading.errors):
            reading.errors.append(FieldError("name", "found nothing"))
        reading.ignored = status == IGNORE and not reading.errors
        if reading.errors or status == IGNORE:
            return reading
        cut: dict[str, Any] = {column: texts[column][:most] for column, most in _LONGEST.items()}
        cut["name"] = name[: _LONGEST["name"]]
        reading.event = AlertEvent(
            **cut,
            dedup_key=self._dedup_key(reading, texts["dedup_key"], cut),
            status=status,
            severity=self._severity(reading, texts["severity"]),
            source=self._mapping.name[:200],
            labels=_labels(reading),
            links=_links(reading, texts["link"]),
            value=_soft(reading, "value", _number),
            starts_at=self._starts_at(reading, texts["starts_at"]),
            timeout=_soft(reading, "timeout", _timeout),
            team_id=self._received.team_id,
            payload=payload,
        )
        return reading

    def _look_up(self, reading: Reading, part: Any) -> dict[str, str]:
        """Everything that is found, and the fields among it as texts."""
        named = {f"labels.{name}": found for name, found in self._mapping.labels.items()}
        for name, expression in {**self._mapping.fields, **named}.items():
            try:
                reading.found[name] = self._finder.find(expression, part)
            except ExpressionError as error:
                complaints = reading.errors if name in _NEEDED else reading.remarks
                complaints.append(FieldError(name, error.message))
        names = (*_LONGEST, "dedup_key", "status", "severity", "starts_at", "link")
        return {name: as_text(reading.found.get(name)) for name in names}

    def _status(self, reading: Reading, said: str) -> str:
        """Firing where nothing is said: better an alert that stays than one that never comes."""
        said = said.strip().lower()
        table = self._mapping.statuses
        meant = table.get(said) if said else FIRING
        if meant is None and said in (FIRING, RESOLVED):
            meant = said
        if meant is None:
            meant = table.get(OTHERS)
        if meant is None:
            message = f"{said[:60]!r} is not in the table of statuses; say what it means"
            reading.errors.append(FieldError("status", message))
            return FIRING
        return meant

    def _severity(self, reading: Reading, said: str) -> str:
        said = said.strip().lower()
        if not said:
            return "warning"
        meant = self._mapping.severities.get(said)
        if meant is None:
            meant = said if said in SEVERITY_RANK else SEVERITY_SYNONYMS.get(said)
        meant = meant or self._mapping.severities.get(OTHERS)
        if meant is None:
            reading.remarks.append(
                FieldError("severity", f"{said[:60]!r} is not in the table; taken for a warning")
            )
        return meant or "warning"

    def _dedup_key(self, reading: Reading, said: str, cut: Mapping[str, str]) -> str:
        if "dedup_key" in self._mapping.fields and not said:
            message = "found nothing; made of environment, service, resource and name"
            reading.remarks.append(FieldError("dedup_key", message))
        key = said or joined_key([cut[n] for n in ("environment", "service", "resource", "name")])
        prefix = f"map:{self._mapping.id}:"
        if len(prefix + key) > 255:
            key = f"sha256:{sha256(key.encode()).hexdigest()}"
        return prefix + key

    def _starts_at(self, reading: Reading, said: str) -> datetime | None:
        if not said:
            return None
        try:
            return parse_time(said, now=self._received.now, field="starts_at")
        except PayloadError as error:
            reading.remarks.append(error.errors[0])
            return None


def as_text(found: object) -> str:
    """A value as an alert says it: JSON where it is no text; empty where there is nothing."""
    if found is None:
        return ""
    try:
        text = found if isinstance(found, str) else msgspec.json.encode(found).decode()
    except (TypeError, ValueError, RecursionError):
        return ""
    # Literals in an expression may be what no database holds.
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()


def _labels(reading: Reading) -> dict[str, str]:
    labels = {}
    for name, found in reading.found.items():
        if name.startswith("labels.") and (text := as_text(found)):
            labels[name.removeprefix("labels.")] = text[:LONGEST_VALUE]
    return labels


def _links(reading: Reading, said: str) -> tuple[Link, ...]:
    if not said:
        return ()
    if len(said) > LONGEST_URL or not said.lower().startswith(("http://", "https://")):
        message = f"not an http:// or https:// address of up to {LONGEST_URL} characters; left out"
        reading.remarks.append(FieldError("link", message))
        return ()
    return (Link(said, "source"),)


def _soft(reading: Reading, name: str, read: Callable[[Any], Value]) -> Value | None:
    """The value as `read` has it; what it cannot read is left out."""
    found = reading.found.get(name)
    if found is None or found == "":
        return None
    try:
        return read(found)
    except (ValueError, TypeError, OverflowError, PayloadError):
        message = f"{as_text(found)[:60]!r} is none; left out"
        reading.remarks.append(FieldError(name, message))
        return None


def _number(found: Any) -> float:
    if isinstance(found, bool):
        raise TypeError(found)
    number = float(found)
    if not math.isfinite(number):
        raise ValueError(found)
    return number


def _timeout(found: Any) -> timedelta | None:
    """Seconds, or a text such as 2h; 0 is never."""
    try:
        span = timedelta(seconds=_number(found))
    except ValueError:
        if not isinstance(found, str):
            raise
        span = parse_duration(found)
    if not timedelta(0) <= span <= LONGEST_TIMEOUT:
        raise ValueError(found)
    return span or None

"""A reading as a question again: with exact times, it reads the same at any time and place."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from chronos.ask.reading import Bound, Filter, Interval, Mark, Reading, Reference, Shape
from chronos.ask.vocabulary import FIELDS
from opsportal.lib.matchers import Matcher

# "+-" and "+/-" are read as "±".
_PLAIN = re.compile(r"(?!.*\+/?-)[A-Za-z0-9_](?:[A-Za-z0-9_./@+#*:-]*[A-Za-z0-9_*/-])?", re.ASCII)
_SHAPES = {
    Shape.COUNT: "how many",
    Shape.WHO: "who",
    Shape.WHEN: "when",
    Shape.RUNNING: "running",
    Shape.DIFF: "diff",
    Shape.SUSPECTS: "suspects",
}
_UNITS = (("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000))


def write_question(reading: Reading) -> str:
    """The question, with exact times in UTC, that reads the same in every zone at any time."""
    parts = [_SHAPES.get(reading.shape, "")]
    if reading.subject:
        parts.append(f"for {write_reference(reading.subject)}")
    if reading.interval:
        parts.append(_write_interval(reading.interval))
    if len(reading.moments) == 2:
        parts.append(f"from {write_bound(reading.moments[0])} to {write_bound(reading.moments[1])}")
    elif reading.moments:
        parts.append(f"at {write_bound(reading.moments[0])}")
    parts += [f"environment:{_value(name)}" for name in reading.compared]
    parts += [write_filter(made) for made in reading.filters]
    if reading.ongoing:
        parts.append("is:ongoing")
    parts += [_quote(word) for word in reading.text]
    parts += [f"by:{name}" for name in reading.grouping]
    if reading.limit:
        parts.append(f"limit:{reading.limit}")
    return " ".join(part for part in parts if part)


def _write_interval(interval: Interval) -> str:
    since, until = interval.since, interval.until
    if (
        isinstance(since, Mark)
        and since.edge == "start"
        and not since.offset
        and (until == replace(since, edge="end"))
    ):
        return f"during {write_reference(since.reference)}"
    return f"from {write_bound(since)} to {write_bound(until)}"


def write_reference(reference: Reference) -> str:
    """As a question says it."""
    if not reference.id:
        words = "freeze" if reference.kind == "freeze" else f"the last {reference.kind}"
    else:
        words = f"{reference.kind} {reference.id}"
    if reference.service:
        words += f" of {reference.service}"
    if reference.environment:
        words += f" in {reference.environment}"
    return words


def write_bound(bound: Bound) -> str:
    """As a question says it."""
    if isinstance(bound, datetime):
        return bound.astimezone(UTC).isoformat().replace("+00:00", "Z")
    words = f"the {bound.edge} of {write_reference(bound.reference)}"
    if bound.offset:
        side = "before" if bound.offset < timedelta(0) else "after"
        words = f"{_span(abs(bound.offset))} {side} {words}"
    return words


def _span(duration: timedelta) -> str:
    left = duration // timedelta(microseconds=1)
    words = ""
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        words += f"{count}{unit}" if count else ""
    return words or "0s"


def write_filter(made: Filter) -> str:
    """As a question says it."""
    if made.field not in FIELDS or made.op in {"=~", "!~"}:
        matchers = [Matcher(made.field, made.op, value) for value in made.values]
        return "{" + ", ".join(map(str, matchers)) + "}"
    glob = made.op.endswith("*")
    values = ",".join(_value(value, glob=glob) for value in made.values)
    op = made.op.removesuffix("*")
    sign, op = {"=": ("", ":"), "!=": ("-", ":")}.get(op, ("", op))
    return f"{sign}{made.field}{op}{values}"


def _value(value: str, *, glob: bool = False) -> str:
    plain = _PLAIN.fullmatch(value) and (glob or "*" not in value)
    return (
        value if plain or (glob and "*" in value and not set(value) & set(' ,"')) else _quote(value)
    )


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

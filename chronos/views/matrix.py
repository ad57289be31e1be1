"""The matrix of what is running: services by environments, a cell for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chronos.state import Deployed

# A deployment stands out for a day, and after a month it is old.
FRESH, OLD = timedelta(days=1), timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Chip:
    """One version in a cell: where it runs, and the newest deployment of it."""

    newest: Deployed
    regions: Sequence[str]
    classes: str
    age: str


@dataclass(frozen=True, slots=True)
class Line:
    """One service; `differs`: not everywhere the same version."""

    service: str
    cells: Sequence[Sequence[Chip]]
    differs: bool


def draw_lines(
    services: Sequence[str],
    rows: Mapping[str, Sequence[Deployed]],
    environments: Sequence[str],
    *,
    now: datetime,
) -> list[Line]:
    """Their lines, of those that ran anywhere.

    Cells are compared with the first environment in which the service runs, which is production
    where it has got there.
    """
    return [
        _line(service, rows[service], environments, now) for service in services if service in rows
    ]


def _line(
    service: str, rows: Sequence[Deployed], environments: Sequence[str], now: datetime
) -> Line:
    placed: dict[str, list[Deployed]] = {}
    for row in rows:
        placed.setdefault(row.environment, []).append(row)
    first = next((placed[name] for name in environments if name in placed), rows)
    usual = max(first, key=lambda row: row.since).version
    return Line(
        service,
        [_cell(placed.get(name, ()), usual, now) for name in environments],
        any(row.version != usual for row in rows),
    )


def _cell(rows: Sequence[Deployed], usual: str, now: datetime) -> list[Chip]:
    """A chip for each version, so that regions that differ are told apart."""
    versions: dict[str, list[Deployed]] = {}
    for row in rows:
        versions.setdefault(row.version, []).append(row)
    return [_chip(same, usual, now) for same in versions.values()]


def _chip(rows: Sequence[Deployed], usual: str, now: datetime) -> Chip:
    newest = max(rows, key=lambda row: row.since)
    age = now - newest.since
    marks = {
        "is-other": newest.version != usual,
        "is-fresh": age < FRESH,
        "is-old": age > OLD,
        "is-back": newest.rolled_back,
        "is-unknown": not newest.version,
    }
    classes = " ".join(name for name, on in marks.items() if on)
    return Chip(newest, [row.region for row in rows if row.region], classes, write_age(age))


def write_age(age: timedelta) -> str:
    """In its largest unit alone: `3d`."""
    seconds = max(0, int(age.total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return "now"

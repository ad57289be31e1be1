"""Whose deployments are measured, and over how long."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from chronos.state_query import read_list, read_word
from opsportal.lib.durations import parse_duration
from opsportal.lib.errors import FieldError, PayloadError

GROUPS = ("service", "environment", "team")
WEEKS, MOST_WEEKS = 8, 53
WITHIN, LONGEST = timedelta(hours=24), timedelta(days=7)


@dataclass(frozen=True, slots=True)
class DoraQuery:
    """`weeks` weeks to `until`, of which the last is under way.

    A deployment failed if it was taken back or mended `within` so long.
    """

    until: datetime
    environment: tuple[str, ...]
    service: tuple[str, ...] = ()
    team: tuple[str, ...] = ()
    weeks: int = WEEKS
    within: timedelta = WITHIN
    # What the figures are divided by; see GROUPS.
    by: str = "service"

    @property
    def since(self) -> datetime:
        """A Monday."""
        monday = self.until.date() - timedelta(days=self.until.weekday())
        first = monday - timedelta(weeks=self.weeks - 1)
        return datetime(first.year, first.month, first.day, tzinfo=self.until.tzinfo)


def read_dora_query(params: Mapping[str, Sequence[str]], *, now: datetime) -> DoraQuery:
    """The query of URL parameters. Raises PayloadError."""
    by = read_word(params, "by") or GROUPS[0]
    if by not in GROUPS:
        raise _refused("by", f"must be one of {', '.join(GROUPS)}")
    weeks = read_word(params, "weeks") or str(WEEKS)
    if not (weeks.isascii() and weeks.isdigit() and len(weeks) < 4):
        raise _refused("weeks", f"is not a whole number: {weeks[:60]!r}")
    if not 1 <= int(weeks) <= MOST_WEEKS:
        raise _refused("weeks", f"is not within 1 and {MOST_WEEKS}")
    return DoraQuery(
        until=now,
        environment=read_list(params, "environment", "env")
        or tuple(settings.PRODUCTION_ENVIRONMENTS),
        service=read_list(params, "service", "app"),
        team=read_list(params, "team"),
        weeks=int(weeks),
        within=_within(read_word(params, "within")),
        by=by,
    )


def _within(text: str) -> timedelta:
    if not text:
        return WITHIN
    try:
        found = parse_duration(text)
    except PayloadError as error:
        raise _refused("within", error.message) from None
    if not timedelta(0) < found <= LONGEST:
        raise _refused("within", f"must be more than 0 and at most {LONGEST.days} days")
    return found


def _refused(field: str, message: str) -> PayloadError:
    return PayloadError(f"{field}: {message}", [FieldError(field, message)])

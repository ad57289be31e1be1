"""What runs, or ran, and where it differs: questions about the state."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chronos.ask.reading import Filter, Reading
from chronos.ask.select import matchers_of_all
from chronos.state import Deployed, Difference, diff_environments, diff_moments, running
from chronos.state_query import PLACE, STATE_FIELDS, StateQuery
from opsportal.lib.errors import PayloadError


def find_running(
    reading: Reading, at: datetime | None, *, now: datetime, most: int
) -> tuple[list[Deployed], bool]:
    """What ran then (None: runs now), and whether there is more. Raises PayloadError."""
    found, after = running(_query(reading, at, now), most)
    return found, after is not None


def find_differences(
    reading: Reading, moments: Sequence[datetime], *, now: datetime
) -> list[Difference]:
    """What runs differently between the two moments or environments. Raises PayloadError."""
    if reading.compared:
        left, right = reading.compared
        return diff_environments(left, right, _query(reading, moments[0] if moments else None, now))
    since, until = moments
    _refuse_future(until, now)
    query = _query(reading, None, now)
    return diff_moments(query, since, None if until == now else until)


def _query(reading: Reading, at: datetime | None, now: datetime) -> StateQuery:
    if at is not None:
        _refuse_future(at, now)
    plain = [made for made in reading.filters if _is_plain(made)]
    rest = [made for made in reading.filters if made not in plain]
    for made in rest:
        if made.field not in STATE_FIELDS:
            raise PayloadError(
                f"{made.field} is not known of what runs; there is {', '.join(STATE_FIELDS)}"
            )
    places: dict[str, Any] = {made.field: made.values for made in plain}
    return StateQuery(
        **places,
        text=" ".join(reading.text),
        matchers=matchers_of_all(rest),
        at=None if at == now else at,
    )


def _is_plain(made: Filter) -> bool:
    return made.field in PLACE and made.op == "=" and "" not in made.values


def _refuse_future(moment: datetime, now: datetime) -> None:
    if moment > now:
        raise PayloadError("that is yet to come; nobody knows what will run then")

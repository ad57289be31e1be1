"""What a complete run did not find. Once says nothing, twice that it is gone, all at once neither.

As security/collect/absent.py: more than half at once is likelier an error than a deed, such as a
token that lists nothing any more. That is held until a person says that it is so.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Case, DateTimeField, F, Value, When
from django.db.models.expressions import Combinable

from certs.discover.stored import Stored
from certs.models import Placement, Source
from opsportal.lib.ids import IdIn
from opsportal.lib.times import format_instant

# Complete runs in a row that must not find it.
MISSES = 2
# More than this share, and this number, at once; or all of at least so many.
HELD_SHARE, HELD_NUMBER, HELD_ALL = 0.5, 10, 3


class _Absent(NamedTuple):
    pk: int
    certificate_id: int
    missed: int


def miss_placements(source: Source, stored: Stored, *, now: datetime) -> None:
    """Count what was not found, and end what was not found twice. In the caller's transaction.

    What lies where something could not be read was not looked for. `source` is locked, and its
    `held` is changed, to be stored by the caller.
    """
    rows = Placement.objects.filter(source=source, gone_at=None).order_by()
    there = [_Absent(*row) for row in rows.values_list("pk", "certificate_id", "missed")]
    absent = _looked_for([row for row in there if row.pk not in stored.seen], stored.troubled)
    confirmed = bool(source.held.get("confirmed_by"))
    if is_mass(len(absent), len(there)) and not confirmed:
        stored.held = len(absent)
        since = source.held.get("since") or format_instant(now)
        source.held = {"since": since, "absent": len(absent), "of": len(there)}
        return
    source.held = {}
    if not absent:
        return
    Placement.objects.filter(IdIn([row.pk for row in absent])).update(
        missed=F("missed") + 1, last_seen_at=_last_seen(source)
    )
    gone = [row for row in absent if confirmed or row.missed + 1 >= MISSES]
    Placement.objects.filter(IdIn([row.pk for row in gone])).update(gone_at=now)
    stored.gone += len(gone)
    stored.touched |= {row.certificate_id for row in gone}


def _last_seen(source: Source) -> Combinable:
    """Of what is missed for the first time: when the last complete run was."""
    if source.complete_at is None:
        return F("last_seen_at")
    at = Value(source.complete_at, output_field=DateTimeField())
    earlier = When(missed=0, last_seen_at__lt=source.complete_at, then=at)
    return Case(earlier, default=F("last_seen_at"))


def is_mass(absent: int, there: int) -> bool:
    """Whether so many are not believed to have gone at once."""
    if absent == there:
        return there >= HELD_ALL
    return absent > HELD_NUMBER and absent > HELD_SHARE * there


def _looked_for(absent: Sequence[_Absent], troubled: Iterable[str]) -> list[_Absent]:
    """Without those at, or below, a locator that could not be read."""
    if not absent or not troubled:
        return list(absent)
    prefixes = shortest_prefixes(troubled)
    rows = Placement.objects.filter(IdIn([row.pk for row in absent])).order_by()
    locators: dict[int, str] = dict(rows.values_list("pk", "locator"))
    return [row for row in absent if not lies_below(locators[row.pk], prefixes)]


def shortest_prefixes(texts: Iterable[str]) -> list[str]:
    """Sorted, without those that begin with another."""
    found: list[str] = []
    for text in sorted(texts):
        if not found or not text.startswith(found[-1]):
            found.append(text)
    return found


def lies_below(text: str, prefixes: Sequence[Any]) -> bool:
    """Whether it begins with one of `shortest_prefixes`: the last one not after it would be it."""
    place = bisect_right(prefixes, text)
    return place > 0 and text.startswith(prefixes[place - 1])

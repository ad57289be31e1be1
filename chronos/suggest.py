"""Suggest: names that are told in changes and are likely another spelling of a known one."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chronos.models import ALIASED, Alias, KnownName

# Of so many names of a field, those heard of last, the likely ones are found.
MOST_NAMES = 5000
MOST_SUGGESTED = 200
_SHORTEST = 4
_SEPARATORS = re.compile(r"[\s_.\-/:]+")
_DIGITS = re.compile(r"\d+")
# What an environment is called by different tools.
_SAME = (("prod", "production", "prd", "live"), ("staging", "stg", "stage"),
         ("dev", "development", "devel"), ("test", "testing", "tst"))  # fmt: skip
_TIER = {name: names[0] for names in _SAME for name in names}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A name, and which one it likely means."""

    field: str
    name: str
    canonical: str
    why: str


def suggest_aliases() -> list[Suggestion]:
    """What could be one name, likeliest first: with two queries."""
    decided = set(Alias.objects.values_list("field", "name"))
    found: list[Suggestion] = []
    for field, names in _names().items():
        found += _of_field(field, [row for row in names if (field, row.name) not in decided])
    return found[:MOST_SUGGESTED]


def near(one: str, other: str) -> str:
    """Why two names could be one: empty where they could not.

    One letter more, less or another, or two in a row swapped; numbers must be the same.
    """
    if _plain(one) == _plain(other):
        return "the same but for case and separators"
    if _DIGITS.findall(one) != _DIGITS.findall(other):
        return ""
    if min(len(_plain(one)), len(_plain(other))) < _SHORTEST:
        return ""
    return "" if set(_variants(one)).isdisjoint(_variants(other)) else "a letter differs"


def _names() -> dict[str, list[KnownName]]:
    """Those of each field that has aliases: canonical ones first.

    What others know by that name is likelier the right one, then what was there first.
    """
    rows = KnownName.objects.filter(field__in=ALIASED)
    by_field: dict[str, list[KnownName]] = {field: [] for field in ALIASED}
    for row in rows.order_by("-last_seen_at", "name")[: MOST_NAMES * len(ALIASED)]:
        by_field[row.field].append(row)
    for names in by_field.values():
        names.sort(key=_rank)
    return by_field


def _rank(row: KnownName) -> tuple[bool, float, str]:
    first = row.first_seen_at.timestamp() if row.first_seen_at else 0.0
    return row.mentioned_at is None, first, row.name


def _of_field(field: str, names: Iterable[KnownName]) -> Iterator[Suggestion]:
    seen: dict[str, str] = {}
    for row in names:
        keys = [f"={_plain(row.name)}", *_variants(row.name)]
        if field == "environment" and (tier := _TIER.get(row.name.lower())):
            keys.insert(0, f"tier {tier}")
        for key in keys:
            other = seen.get(key)
            if other is None or row.last_seen_at is None:
                continue
            why = "the same tier" if key.startswith("tier") else near(row.name, other)
            if why:
                yield Suggestion(field, row.name, other, why)
                break
        else:
            for key in keys:
                seen.setdefault(key, row.name)


def _plain(name: str) -> str:
    return _SEPARATORS.sub("", name.lower())


def _variants(name: str) -> Iterator[str]:
    """The name without one letter: names that share one are near each other."""
    plain = _plain(name)
    if len(plain) < _SHORTEST:
        return
    yield plain
    for place in range(min(len(plain), 60)):
        yield plain[:place] + plain[place + 1 :]

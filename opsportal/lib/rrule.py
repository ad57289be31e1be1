"""RRULEs of RFC 5545 as far as whole days go: which days a thing comes on.

The time of day is not the rule's business here. The work is bounded whatever the rule says: a
day is looked for by stepping through the rule's own periods (days, weeks, months, years) within a
few years, and where to begin is computed, not walked to.
"""

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from opsportal.lib.errors import PayloadError

# No rule is looked at further ahead; one that does not come for so long never comes.
HORIZON = timedelta(days=366 * 5)
MOST_COUNT = 1000
MOST_INTERVAL = 1000
# How far the times of a COUNT are counted.
_COUNTED = timedelta(days=366 * 50)
_MOST_TEXT = 500
_LAST_DAY = date(9000, 1, 1)
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_PARTS = (
    "FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS", "WKST",
)  # fmt: skip
_NUMBER = re.compile(r"[+-]?[0-9]{1,4}")
_BYDAY = re.compile(r"(?P<nth>[+-]?[0-9]{1,2})?(?P<day>MO|TU|WE|TH|FR|SA|SU)")
_UNTIL = re.compile(r"[0-9]{8}(T[0-9]{6}Z?)?")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DayRule:
    """A rule that has been read; `until` is left to those who know the zone."""

    freq: str
    interval: int = 1
    count: int = 0
    until: str = ""
    months: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()
    # (which one of the period, or 0 for each; day of the week from Monday)
    days: frozenset[tuple[int, int]] = frozenset()
    positions: tuple[int, ...] = ()
    week_start: int = 0

    def dates(self, first: date, start: date) -> Iterator[date]:
        """The days from `start` on, in order, of a rule that begins on `first`."""
        last = _last_counted(self, first) if self.count else _LAST_DAY
        for day in self._dates(first, max(start, first), HORIZON):
            if day > last:
                return
            yield day

    def _dates(self, first: date, start: date, within: timedelta) -> Iterator[date]:
        end = min(start + within, _LAST_DAY)
        for period in self._periods(first, start):
            if period > end:
                return
            for day in self._days_of(period, first):
                if day >= start:
                    yield day

    def _periods(self, first: date, start: date) -> Iterator[date]:
        """The first day of each period, beginning with the one that `start` falls in."""
        if self.freq in ("DAILY", "WEEKLY"):
            weekly = self.freq == "WEEKLY"
            back = (first.weekday() - self.week_start) % 7 if weekly else 0
            origin, step = first - back * _DAY, (7 if weekly else 1) * self.interval * _DAY
            period = origin + (start - origin) // step * step
            while True:
                yield period
                period += step
        step_months = self.interval * (12 if self.freq == "YEARLY" else 1)
        begun = first.year * 12 + (first.month - 1 if self.freq == "MONTHLY" else 0)
        now = start.year * 12 + start.month - 1
        number = begun + (now - begun) // step_months * step_months
        while True:
            yield date(number // 12, number % 12 + 1, 1)
            number += step_months

    def _days_of(self, period: date, first: date) -> list[date]:
        """The days of one period, sorted, of which BYSETPOS has taken its own."""
        if self.freq == "DAILY":
            found = [day for day in [period] if self._fits(day)]
        elif self.freq == "WEEKLY":
            wanted = {day for _, day in self.days} or {first.weekday()}
            week = (period + number * _DAY for number in range(7))
            found = [d for d in week if d.weekday() in wanted and self._in_months(d)]
        elif self.freq == "MONTHLY":
            found = self._days_of_month(period, first) if self._in_months(period) else []
        else:
            found = self._days_of_year(period.year, first)
        if self.positions:
            size = len(found)
            places = {p - 1 if p > 0 else size + p for p in self.positions}
            found = [day for place, day in enumerate(found) if place in places]
        return [day for day in found if day >= first]

    def _days_of_month(self, month: date, first: date) -> list[date]:
        length = monthrange(month.year, month.month)[1]
        every = [month + number * _DAY for number in range(length)]
        if self.month_days:
            return [day for day in every if self._on_month_day(day) and self._on_weekday(day)]
        if self.days:
            return _weekdays_of(every, self.days)
        return [day for day in every if day.day == first.day]

    def _days_of_year(self, year: int, first: date) -> list[date]:
        if self.days and not (self.months or self.month_days):
            start = date(year, 1, 1)
            length = (date(year + 1, 1, 1) - start).days
            return _weekdays_of([start + number * _DAY for number in range(length)], self.days)
        months: Iterable[int] = sorted(self.months)
        if not months:
            months = range(1, 13) if self.month_days else [first.month]
        return [day for m in months for day in self._days_of_month(date(year, m, 1), first)]

    def _fits(self, day: date) -> bool:
        return self._in_months(day) and self._on_month_day(day) and self._on_weekday(day)

    def _in_months(self, day: date) -> bool:
        return not self.months or day.month in self.months

    def _on_month_day(self, day: date) -> bool:
        if not self.month_days or day.day in self.month_days:
            return True
        return day.day - monthrange(day.year, day.month)[1] - 1 in self.month_days

    def _on_weekday(self, day: date) -> bool:
        return not self.days or any(weekday == day.weekday() for _, weekday in self.days)


def _weekdays_of(every: Sequence[date], wanted: Iterable[tuple[int, int]]) -> list[date]:
    """Those days of a month or year that are wanted: each Monday, or the second, or the last."""
    found: set[date] = set()
    for nth, weekday in wanted:
        same = [day for day in every if day.weekday() == weekday]
        if not nth:
            found.update(same)
        elif abs(nth) <= len(same):
            found.add(same[nth - 1 if nth > 0 else nth])
    return sorted(found)


@lru_cache(maxsize=1024)
def _last_counted(rule: DayRule, first: date) -> date:
    """The day of the last of COUNT times; the day before the first when it never comes."""
    last = first - _DAY
    for number, day in enumerate(rule._dates(first, first, _COUNTED), start=1):
        last = day
        if number == rule.count:
            break
    return last


@lru_cache(maxsize=1024)
def parse_rule(text: str) -> DayRule:
    """The rule of a text such as `FREQ=WEEKLY;BYDAY=SU`. Raises PayloadError."""
    if len(text) > _MOST_TEXT:
        raise PayloadError(f"An RRULE has at most {_MOST_TEXT} characters.")
    parts: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value or name in parts:
            raise PayloadError(f"{part!r} is no part of an RRULE; write FREQ=WEEKLY;BYDAY=SU.")
        if name not in _PARTS:
            known = ", ".join(_PARTS)
            raise PayloadError(
                f"{name} is not known here; write {known}. The time of day is that of the start."
            )
        parts[name] = value
    if parts.get("FREQ") not in ("YEARLY", "MONTHLY", "WEEKLY", "DAILY"):
        raise PayloadError("FREQ is YEARLY, MONTHLY, WEEKLY or DAILY.")
    return _checked(
        DayRule(
            freq=parts["FREQ"],
            interval=_number(parts, "INTERVAL", 1, 1, MOST_INTERVAL),
            count=_number(parts, "COUNT", 0, 1, MOST_COUNT),
            until=_until(parts.get("UNTIL", "")),
            months=frozenset(_numbers(parts, "BYMONTH", 12, negative=False)),
            month_days=frozenset(_numbers(parts, "BYMONTHDAY", 31)),
            days=frozenset(_by_day(parts.get("BYDAY", ""))),
            positions=tuple(_numbers(parts, "BYSETPOS", 366)),
            week_start=_week_start(parts.get("WKST", "MO")),
        )
    )


def _checked(rule: DayRule) -> DayRule:
    if rule.count and rule.until:
        raise PayloadError("Write COUNT or UNTIL, not both.")
    nth = any(number for number, _ in rule.days)
    if nth and (rule.freq in ("DAILY", "WEEKLY") or rule.month_days):
        raise PayloadError("BYDAY has numbers (2MO, -1FR) in months and years only.")
    if rule.positions and not (rule.days or rule.months or rule.month_days):
        raise PayloadError("BYSETPOS chooses among the days of BYDAY, BYMONTHDAY or BYMONTH.")
    return rule


def _number(parts: dict[str, str], name: str, default: int, least: int, most: int) -> int:
    if name not in parts:
        return default
    text = parts[name]
    if not _NUMBER.fullmatch(text) or not least <= int(text) <= most:
        raise PayloadError(f"{name} is a number from {least} to {most}, not {text!r}.")
    return int(text)


def _numbers(
    parts: dict[str, str], name: str, most: int, *, negative: bool = True
) -> Iterator[int]:
    for text in parts[name].split(",") if name in parts else ():
        number = int(text) if _NUMBER.fullmatch(text) else 0
        if not 0 < abs(number) <= most or (number < 0 and not negative):
            signed = " or from the end -1 on" if negative else ""
            raise PayloadError(f"{name} has numbers from 1 to {most}{signed}, not {text!r}.")
        yield number


def _by_day(text: str) -> Iterator[tuple[int, int]]:
    for part in text.split(",") if text else ():
        found = _BYDAY.fullmatch(part)
        nth = int(found["nth"] or 0) if found else 0
        if not found or (found["nth"] and not 0 < abs(nth) <= 53):
            raise PayloadError(f"BYDAY has days such as MO, 2TU or -1FR, not {part!r}.")
        yield nth, _WEEKDAYS.index(found["day"])


def _week_start(text: str) -> int:
    if text not in _WEEKDAYS:
        raise PayloadError(f"WKST is one of {', '.join(_WEEKDAYS)}, not {text!r}.")
    return _WEEKDAYS.index(text)


def _until(text: str) -> str:
    if text and not _UNTIL.fullmatch(text):
        raise PayloadError(f"UNTIL is 20260131 or 20260131T235959Z, not {text!r}.")
    return text

"""Windows that come again by a rule: in every zone, over clock changes, and however hostile."""

from datetime import date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as some

from opsportal.lib import rrule
from opsportal.lib.errors import PayloadError
from opsportal.lib.rrule import parse_rule
from opsportal.lib.windows import Recurrence, parse_recurrence
from tests.opsportal.clocks import BERLIN, HOUR, ZONES, at, instants


def recurrence(rule: str, start: str, zone: str = "UTC", duration=HOUR, until=None) -> Recurrence:
    return parse_recurrence(rule, zone, at(start, zone), duration, until)


def walls(found: Recurrence, now: datetime, count: int = 5) -> list[str]:
    zone = ZoneInfo(found.zone)
    return [f"{start.astimezone(zone):%m-%d %H:%M}" for start, _ in found.next_windows(now, count)]


def test_the_time_of_day_stays_when_the_clocks_change():
    nightly = recurrence("FREQ=DAILY", "2026-03-01T22:00", "Europe/Berlin", 8 * HOUR)
    assert walls(nightly, at("2026-03-28T00:00"), 3) == [
        "03-27 22:00",
        "03-28 22:00",
        "03-29 22:00",
    ]
    start, end = nightly.window_at(at("2026-03-29T01:00"))
    assert end - start == 8 * HOUR  # a duration is elapsed time
    assert end.astimezone(BERLIN).hour == 7


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=WEEKLY;BYDAY=SU", ["03-01", "03-08", "03-15"]),
        ("RRULE:freq=weekly;byday=su", ["03-01", "03-08", "03-15"]),
        ("FREQ=MONTHLY;BYDAY=2TU", ["03-10", "04-14", "05-12"]),
        ("FREQ=MONTHLY;BYDAY=-1FR", ["03-27", "04-24", "05-29"]),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", ["03-31", "04-30", "05-29"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", ["03-31", "04-30", "05-31"]),
        ("FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=30", ["06-30", "06-30", "06-30"]),
        ("FREQ=DAILY;COUNT=2", ["03-01", "03-02"]),
        ("FREQ=DAILY;UNTIL=20260302", ["03-01", "03-02"]),
        ("FREQ=DAILY;UNTIL=20260302T120000Z", ["03-01", "03-02"]),
        ("FREQ=DAILY;UNTIL=20260302T115959Z", ["03-01"]),
        ("FREQ=DAILY;UNTIL=20260302T115959", ["03-01"]),
    ],
)
def test_a_rule_comes_when_it_says(rule, expected):
    found = recurrence(rule, "2026-03-01T12:00")
    assert [wall[:5] for wall in walls(found, at("2026-03-01T00:00"), 3)] == expected


def test_a_window_belongs_to_itself_from_start_to_end_and_the_last_is_cut_at_the_end_of_it_all():
    found = recurrence("FREQ=DAILY", "2026-03-01T12:00", until=at("2026-03-03T12:30"))
    assert found.window_at(at("2026-03-01T11:59")) is None
    assert found.window_at(at("2026-03-01T12:00")) is not None
    assert found.window_at(at("2026-03-01T13:00")) is None
    assert found.window_at(at("2026-03-03T12:29"))[1] == at("2026-03-03T12:30")
    assert found.window_at(at("2026-03-03T12:30")) is None
    assert found.next_windows(at("2026-03-04T00:00")) == []


def test_of_windows_that_overlap_the_one_that_ends_last_is_meant():
    found = recurrence("FREQ=DAILY", "2026-03-01T12:00", duration=timedelta(days=3))
    now = at("2026-03-10T13:00")
    assert found.window_at(now) == (at("2026-03-10T12:00"), at("2026-03-13T12:00"))


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("", "no part"), ("BYDAY=SU", "FREQ"), ("FREQ=HOURLY", "FREQ"), ("FREQ=SECONDLY", "FREQ"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL"), ("FREQ=DAILY;INTERVAL=-1", "INTERVAL"),
        ("FREQ=DAILY;COUNT=0", "COUNT"), ("FREQ=DAILY;COUNT=999999999", "COUNT"),
        ("FREQ=DAILY;COUNT=5;UNTIL=20270101", "both"), ("FREQ=DAILY;FREQ=WEEKLY", "no part"),
        ("FREQ=DAILY;BYHOUR=1,2,3", "time of day"), ("FREQ=DAILY;BYSECOND=0", "not known"),
        ("FREQ=YEARLY;BYEASTER=0", "not known"), ("FREQ=WEEKLY;BYDAY=2MO", "numbers"),
        ("FREQ=MONTHLY;BYDAY=0MO", "BYDAY"), ("FREQ=MONTHLY;BYDAY=XX", "BYDAY"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY"), ("FREQ=MONTHLY;BYMONTHDAY=x", "BYMONTHDAY"),
        ("FREQ=YEARLY;BYMONTH=-1", "BYMONTH"), ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS"),
        ("FREQ=DAILY;UNTIL=soon", "UNTIL"), ("FREQ=DAILY;UNTIL=20269999", "UNTIL"),
        ("FREQ=DAILY;WKST=8", "WKST"), ("FREQ=DAILY;X=" + "9" * 600, "characters"),
        ("DTSTART:20200101T000000Z\nFREQ=DAILY", "not known"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "never"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=300", "never"),
        ("FREQ=MONTHLY;BYDAY=53MO", "never"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31;COUNT=1000", "never"),
        ("FREQ=DAILY;UNTIL=19990101", "never"),
    ],
)  # fmt: skip
def test_what_is_no_rule_or_never_comes_is_refused_and_says_why(rule, words):
    with pytest.raises(PayloadError, match=words):
        recurrence(rule, "2026-03-01T12:00")


@pytest.mark.parametrize("duration", [timedelta(0), -HOUR, timedelta(days=31, seconds=1)])
def test_a_window_that_lasts_nothing_or_too_long_is_refused(duration):
    with pytest.raises(PayloadError):
        recurrence("FREQ=DAILY", "2026-03-01T12:00", duration=duration)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY",
        "FREQ=DAILY;COUNT=1000",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR,SA,SU",
        "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=366",
        "FREQ=YEARLY;INTERVAL=1000",
        "FREQ=MONTHLY;INTERVAL=1000;BYMONTHDAY=31",
    ],
)
def test_however_long_ago_it_began_the_days_looked_at_are_few(rule, monkeypatch):
    found = Recurrence(rule, "Europe/Berlin", at("1972-02-29T12:00"), timedelta(days=31))
    looked = []
    days_of = rrule.DayRule._days_of
    monkeypatch.setattr(
        rrule.DayRule, "_days_of", lambda *args: looked.append(args[1]) or days_of(*args)
    )
    found.window_at(at("2150-01-01T00:00"))
    # What COUNT counts is counted once and kept.
    looked.clear()
    for _ in range(10):
        found.window_at(at("2150-01-01T00:00"))
    assert len(looked) <= 10 * 2000
    if rule == "FREQ=DAILY":
        assert len(looked) <= 10 * 40


frequencies = some.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
weekdays = some.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"])


@some.composite
def rules(draw) -> str:
    freq = draw(frequencies)
    parts = [f"FREQ={freq}"]
    if draw(some.booleans()):
        parts.append(f"INTERVAL={draw(some.integers(1, 5))}")
    if draw(some.booleans()):
        months = draw(some.lists(some.integers(1, 12), min_size=1, max_size=3, unique=True))
        parts.append(f"BYMONTH={','.join(map(str, months))}")
    chosen = draw(some.sampled_from(["", "BYMONTHDAY", "BYDAY", "nth"]))
    if chosen == "BYMONTHDAY" and freq != "WEEKLY":
        number = some.integers(1, 31).flatmap(lambda n: some.sampled_from([n, -n]))
        parts.append(f"BYMONTHDAY={draw(number)}")
    elif chosen == "BYDAY" or (chosen == "nth" and freq in ("DAILY", "WEEKLY")):
        parts.append(
            f"BYDAY={','.join(draw(some.lists(weekdays, min_size=1, max_size=3, unique=True)))}"
        )
    elif chosen == "nth":
        parts.append(f"BYDAY={draw(some.sampled_from([1, 2, 4, 5, -1, -3]))}{draw(weekdays)}")
    if chosen in ("BYDAY", "nth") and freq in ("MONTHLY", "YEARLY") and draw(some.booleans()):
        parts.append(f"BYSETPOS={draw(some.sampled_from([1, 2, -1]))}")
    if draw(some.booleans()):
        parts.append(f"COUNT={draw(some.integers(1, 40))}")
    return ";".join(parts)


@settings(max_examples=300, deadline=None)
@given(
    text=rules(),
    first=some.dates(date(2020, 1, 1), date(2024, 12, 31)),
    ahead=some.integers(0, 1500),
)
def test_a_rule_comes_on_the_days_that_dateutil_says(text, first, ahead):
    start = first + timedelta(days=ahead)
    end = start + timedelta(days=700)
    other = rrulestr(text, dtstart=datetime(first.year, first.month, first.day))  # noqa: DTZ001
    expected = []
    for moment in other:
        if moment.date() > end:
            break
        if moment.date() >= start:
            expected.append(moment.date())
    found = [day for day in islice(parse_rule(text).dates(first, start), 1000) if day <= end]
    assert found == expected


@settings(max_examples=200, deadline=None)
@given(
    text=rules(),
    zone=some.sampled_from(ZONES),
    now=instants,
    first=instants,
    minutes=some.integers(1, 31 * 24 * 60),
)
def test_the_window_now_is_the_one_among_the_next_that_has_begun(text, zone, now, first, minutes):
    found = Recurrence(text, zone, first, timedelta(minutes=minutes))
    upcoming = found.next_windows(now, 40)
    assert all(end > now and start >= first for start, end in upcoming)
    assert upcoming == sorted(upcoming)
    begun = [window for window in upcoming if window[0] <= now]
    assert found.window_at(now) == (begun[-1] if begun else None)

"""Hours and recurrences: in every zone, over changes of the clocks, and however hostile."""

from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as some

from opsportal.lib import rrule
from opsportal.lib.errors import PayloadError
from opsportal.lib.rrule import parse_rule
from opsportal.lib.windows import Recurrence, instant_of, parse_hours, parse_recurrence, zone_of

ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
    "America/Santiago", "Africa/Casablanca", "Pacific/Apia",
]  # fmt: skip
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
instants = some.integers(1_577_836_800, 1_893_456_000).map(lambda s: datetime.fromtimestamp(s, UTC))


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


# Hours


@pytest.mark.parametrize(
    ("text", "moment", "holds"),
    [
        ("", "2026-03-02T12:00", False),
        ("09:00-17:00", "2026-03-01T09:00", True),
        ("09:00-17:00", "2026-03-01T17:00", False),
        ("mon-fri 09:00-17:00", "2026-03-02T12:00", True),
        ("mon-fri 09:00-17:00", "2026-03-01T12:00", False),
        ("Mon-FRI 09:00-17:00", "2026-03-02T12:00", True),
        ("sat,sun 00:00-24:00", "2026-03-01T23:59", True),
        ("fri-mon 10:00-11:00", "2026-03-01T10:30", True),
        ("fri-mon 10:00-11:00", "2026-03-03T10:30", False),
        ("fri 22:00-06:00", "2026-03-07T05:59", True),
        ("fri 22:00-06:00", "2026-03-06T05:59", False),
        ("mon 09:00-09:00", "2026-03-03T08:59", True),
        ("mon 09:00-10:00; tue 9:00-10:00", "2026-03-03T09:30", True),
        ("mon 09:00-10:00\ntue 9:00-10:00", "2026-03-03T09:30", True),
        ("09:00-10:00 Asia/Kathmandu", "2026-03-03T03:20", True),
    ],
)
def test_hours_hold_from_their_start_up_to_their_end(text, moment, holds):
    assert parse_hours(text).holds(at(moment)) is holds


@pytest.mark.parametrize(
    "text",
    [
        "at night", "9-17", "09:00", "25:00-26:00", "24:00-06:00", "09:60-10:00", "24:01-06:00",
        "mo-fr 09:00-17:00", "mon- 09:00-17:00", "09:00-17:00 Mars/Base", "09:00-17:00 ../etc",
        "; ".join(["09:00-10:00"] * 21), "x" * 1001, "mon " * 250, ",,,,09:00-10:00",
    ],
)  # fmt: skip
def test_what_are_no_hours_is_refused(text):
    with pytest.raises(PayloadError):
        parse_hours(text)


def test_hours_stay_what_they_are_when_the_clocks_change():
    hours = parse_hours("09:00-17:00", "Europe/Berlin")
    assert hours.window_at(at("2026-03-28T12:00")) == (
        at("2026-03-28T08:00"),
        at("2026-03-28T16:00"),
    )
    assert hours.window_at(at("2026-03-29T12:00")) == (
        at("2026-03-29T07:00"),
        at("2026-03-29T15:00"),
    )


def test_a_night_is_shorter_when_the_clocks_go_forward_and_longer_when_they_go_back():
    night = parse_hours("22:00-06:00 Europe/Berlin")
    spring, autumn = (night.window_at(at(day)) for day in ("2026-03-29T02:00", "2026-10-25T02:00"))
    assert spring[1] - spring[0] == 7 * HOUR
    assert autumn[1] - autumn[0] == 9 * HOUR


def test_hours_that_follow_each_other_are_one_window():
    quiet = parse_hours("mon-fri 20:00-08:00; sat,sun 00:00-24:00")
    friday_night = at("2026-03-06T23:00")
    assert quiet.window_at(friday_night) == (at("2026-03-06T20:00"), at("2026-03-09T00:00"))
    always = parse_hours("00:00-24:00")
    _, end = always.window_at(friday_night)
    assert timedelta(days=8) <= end - friday_night <= timedelta(days=10)


@settings(max_examples=300, deadline=None)
@given(
    zone=some.sampled_from(ZONES),
    now=instants,
    days=some.sampled_from(["mon-sun", "mon-fri", "sat,sun", "wed"]),
    start=some.integers(0, 47),
    end=some.integers(0, 47),
)
def test_hours_hold_when_a_clock_on_the_wall_of_the_zone_says_so(zone, now, days, start, end):
    text = f"{days} {start // 2:02}:{start % 2 * 30:02}-{end // 2:02}:{end % 2 * 30:02} {zone}"
    hours = parse_hours(text)
    wall = now.astimezone(ZoneInfo(zone))
    near = [
        wall.utcoffset(),
        *((now + s * 2 * HOUR).astimezone(wall.tzinfo).utcoffset() for s in (1, -1)),
    ]
    window = hours.window_at(now)
    assert hours.holds(now) is (window is not None)
    if window is not None:
        assert window[0] <= now < window[1]
        assert not hours.holds(window[1]) or window[1] - now >= timedelta(days=8)
    if len(set(near)) > 1:
        return  # what skipped and repeated times mean has tests of its own
    minute = wall.hour * 60 + wall.minute
    wanted = {"mon-sun": range(7), "mon-fri": range(5), "sat,sun": (5, 6), "wed": (2,)}[days]
    today, before = wall.weekday() in wanted, (wall.weekday() - 1) % 7 in wanted
    if start < end:
        expected = today and start * 30 <= minute < end * 30
    else:
        expected = (today and minute >= start * 30) or (before and minute < end * 30)
    assert hours.holds(now) is expected


# Times of the wall


def test_a_skipped_time_has_the_offset_from_before_and_a_repeated_one_is_the_first():
    assert instant_of(datetime(2026, 3, 29, 2, 30), BERLIN) == at("2026-03-29T01:30")  # noqa: DTZ001
    assert instant_of(datetime(2026, 10, 25, 2, 30), BERLIN) == at("2026-10-25T00:30")  # noqa: DTZ001


@pytest.mark.parametrize(
    "name", ["", "Mars", "../../etc/passwd", "europe/berlin", "x" * 5000, "\0"]
)
def test_what_is_no_zone_is_refused(name):
    with pytest.raises(PayloadError):
        zone_of(name)


# Recurrences


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

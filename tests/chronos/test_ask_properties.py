"""Whatever is asked, wherever and whenever: what must hold of every reading."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as some

from chronos.ask import Reading, write_question
from opsportal.lib.errors import PayloadError
from tests.chronos.asking import NOW, read

# Clocks that change at midnight, by half an hour, twice a year, and a day that never was.
ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe",
    "Asia/Kathmandu", "Africa/Cairo", "America/Havana", "Pacific/Apia", "Asia/Beirut",
)  # fmt: skip
zones = some.sampled_from(ZONES)
instants = some.datetimes(
    datetime(1985, 1, 1),  # noqa: DTZ001
    datetime(2037, 12, 31),  # noqa: DTZ001
    timezones=some.just(UTC),
) | some.sampled_from(
    [
        datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
        datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 0, tzinfo=UTC),
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2028, 2, 29, 12, tzinfo=UTC),
    ]
)
_TEXT = (
    "last past previous this next the in for of to by on at since until before after between and "
    "from around ± during 90 2 3pm 14:00 25:00 10:00-11:30 2026-11-20 2026-03-29 now ago today "
    "yesterday tomorrow monday friday week month year hours days minutes 90m 1h30m 3d nov 20 "
    "morning night incident 42 release 1.4 1.5 freeze deploy deploys deployed rollbacks failed "
    "started flags feature running still what version who when did how many diff suspects caused "
    "api web prod staging ann github rule env:prod app:api,web -kind:alert severity>=3 #hotfix "
    'region:eu-* @bot foo "connection pool" by:service limit:5 is:ongoing not except app day per '
    'UTC Europe/Berlin {service="api"} {team=~"a.*"} -api env: tag:a,b latest start end noon'
)
WORDS = _TEXT.split(" ")
salads = some.lists(some.sampled_from(WORDS), max_size=12).map(" ".join)
questions = salads | some.text(max_size=60) | some.text("0123456789:-+±.apm ", max_size=25)


def reading_of(question: str, now: datetime, zone: str) -> Reading:
    try:
        return read(question, now=now, zone=zone)
    except PayloadError as error:
        assert error.message
        assume(False)
        raise


@settings(max_examples=300, deadline=None)
@given(questions, instants, zones)
@example("in " * 300, NOW, "UTC")
@example("± " * 400, NOW, "UTC")
@example("\xb2:\xb3 \u0663 days \u0661\u0664:\u0660\u0660 \u2028 last \xb2 days", NOW, "UTC")
@example('"' * 999, NOW, "UTC")
@example("since:" * 160, NOW, "UTC")
@example("2026-11-20 2026-03-29 today diff", datetime(2026, 3, 29, 1, tzinfo=UTC), "UTC")
@example("2026-11-20 now today diff", datetime(2026, 3, 29, 1, tzinfo=UTC), "UTC")
@example("±A:+-", datetime(2026, 3, 29, 1, tzinfo=UTC), "UTC")
@example('tag:"a+-b" tag:"a+/-b" tag:"a-" ±5m', datetime(2026, 3, 29, 1, tzinfo=UTC), "UTC")
def test_a_reading_is_sound_and_reads_the_same_when_written(question, now, zone):
    reading = reading_of(question, now, zone)
    if reading.interval and reading.interval.exact:
        since, until = reading.interval.exact
        assert since < until
    assert len(set(reading.moments)) == len(reading.moments)
    written = write_question(reading)
    assert read(written, now=now, zone=zone) == reading
    # At another time and place too.
    assert read(written, now=now + timedelta(days=40), zone="Asia/Kathmandu") == reading


PAST = (
    "today", "yesterday", "last hour", "last 90 minutes", "past 3 days", "this week", "last week",
    "this month", "last month", "last year", "this quarter", "since monday", "since friday 17:00",
    "since 14:00", "between 10:00 and 11:30", "friday", "last night", "this morning", "2 hours ago",
    "since yesterday", "last friday", "in november", "nov 20", "between monday and friday",
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(some.sampled_from(PAST), instants, zones)
def test_what_is_past_does_not_begin_in_the_future(phrase, now, zone):
    reading = reading_of(phrase, now, zone)
    assert reading.interval is not None
    exact = reading.interval.exact
    assert exact is not None
    assert exact[0] <= now


@settings(max_examples=100, deadline=None)
@given(some.dates(date(1990, 1, 1), date(2026, 11, 20)), zones)
def test_days_tile_the_calendar(day, zone):
    first, second = (
        reading_of(f"on {day + timedelta(days=shift)}", NOW, zone).interval for shift in (0, 1)
    )
    assert first
    assert second
    assert first.exact
    assert second.exact
    assert first.exact[1] == second.exact[0]


@settings(max_examples=100, deadline=None)
@given(instants, zones)
def test_yesterday_is_the_local_day_before(now, zone):
    interval = reading_of("yesterday", now, zone).interval
    assert interval
    assert interval.exact
    since, until = (end.astimezone(ZoneInfo(zone)) for end in interval.exact)
    today = now.astimezone(ZoneInfo(zone)).date()
    assert since.date() == today - timedelta(days=1)
    assert until.date() == today


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_on_which_the_clocks_change_is_shorter_or_longer(day, hours):
    interval = read(f"on {day}", zone="Europe/Berlin").interval
    assert interval
    assert interval.exact
    assert interval.exact[1] - interval.exact[0] == timedelta(hours=hours)

"""When digests go out."""

from datetime import UTC, datetime, timedelta

import pytest

from alerts.policy.digest import parse_digest
from opsportal.lib.errors import PayloadError


def utc(year: int, month: int, day: int, hour: int, minute: int) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def test_every_half_hour_falls_on_the_half_hours():
    digest = parse_digest("every 30m")
    assert digest.next_at(utc(2026, 3, 1, 12, 5)) == utc(2026, 3, 1, 12, 30)
    assert digest.next_at(utc(2026, 3, 1, 12, 30)) == utc(2026, 3, 1, 13, 0)
    assert parse_digest(" Every 2H ").interval == timedelta(hours=2)


def test_daily_is_the_wall_s_time_on_both_sides_of_the_change_of_clocks():
    digest = parse_digest("daily 09:00", "Europe/Berlin")
    assert digest.next_at(utc(2026, 3, 28, 7, 59)) == utc(2026, 3, 28, 8, 0)
    assert digest.next_at(utc(2026, 3, 28, 8, 0)) == utc(2026, 3, 29, 7, 0)
    assert digest.next_at(utc(2026, 10, 24, 7, 0)) == utc(2026, 10, 25, 8, 0)


def test_a_wall_time_that_is_skipped_comes_all_the_same_and_once():
    digest = parse_digest("daily 02:30", "Europe/Berlin")
    first = digest.next_at(utc(2026, 3, 28, 12, 0))
    assert first == utc(2026, 3, 29, 1, 30)
    assert digest.next_at(first) == utc(2026, 3, 30, 0, 30)


@pytest.mark.parametrize(
    "text",
    ["", "hourly", "every 0m", "every 8d", "every 99999d", "daily 24:00", "daily 9", "every m"],
)
def test_what_is_no_digest_is_refused_with_what_to_write(text):
    with pytest.raises(PayloadError):
        parse_digest(text)


def test_a_zone_that_is_none_is_refused():
    with pytest.raises(PayloadError, match="time zone"):
        parse_digest("every 30m", "Mars/Olympus")

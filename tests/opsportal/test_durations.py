"""Durations as people write them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.lib.durations import parse_duration, write_duration
from opsportal.lib.errors import PayloadError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("0s", 0), ("90s", 90), (" 5m ", 300), ("1h30m", 5400), ("1 h 30 m", 5400),
     ("2D", 172_800), ("1w", 604_800)],
)  # fmt: skip
def test_what_is_meant(text, seconds):
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "m", "-5m", "5 minutes", "1.5h", "9999999m", "٣m"])
def test_what_is_no_duration_is_told(text):
    with pytest.raises(PayloadError, match="is no duration; write 30s"):
        parse_duration(text)


@given(st.integers(0, 10**8))
def test_what_is_written_is_read_as_the_same(seconds):
    duration = timedelta(seconds=seconds)
    assert parse_duration(write_duration(duration)) == duration


def test_it_is_written_short():
    said = [write_duration(timedelta(seconds=seconds)) for seconds in (0, 90, 604_800, 691_200)]
    assert said == ["0s", "1m30s", "1w", "8d"]

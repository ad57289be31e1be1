"""When a threshold is crossed, of lives from an hour to 398 days."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.normalise import SEVERITY_RANK
from certs.judge.thresholds import (
    DAYS,
    USUAL,
    Threshold,
    crossings,
    due_times,
    most_urgent,
    read_thresholds,
)
from opsportal.lib.errors import PayloadError
from tests.certs.pki import DAY, NOW

HOUR = timedelta(hours=1)
USUALLY = read_thresholds(USUAL)
lifetimes = st.timedeltas(min_value=timedelta(minutes=10), max_value=timedelta(days=3650))


def left_at(lifetime: timedelta) -> dict[str, timedelta]:
    return {
        each.severity: NOW + lifetime - at for at, each in due_times(USUALLY, NOW, NOW + lifetime)
    }


@pytest.mark.parametrize(
    ("lifetime", "warning", "high", "critical"),
    [
        (398 * DAY, 99.5 * DAY, 59.7 * DAY, 19.9 * DAY),
        (200 * DAY, 50 * DAY, 30 * DAY, 10 * DAY),
        (100 * DAY, 25 * DAY, 15 * DAY, 5 * DAY),
        (47 * DAY, 11.75 * DAY, 7.05 * DAY, 2.35 * DAY),
        (7 * DAY, 1.75 * DAY, 1.05 * DAY, 1 * DAY),
        (24 * HOUR, 6 * HOUR, 3.6 * HOUR, 3.6 * HOUR),
        (1 * HOUR, 0.25 * HOUR, 0.15 * HOUR, 0.15 * HOUR),
    ],
)
def test_what_is_left_at_each_severity(lifetime, warning, high, critical):
    assert left_at(lifetime) == {"warning": warning, "high": high, "critical": critical}


@given(lifetimes)
def test_what_is_renewed_at_a_third_never_crosses_anything(lifetime):
    crossed, next_at = crossings(USUALLY, NOW, NOW + lifetime, NOW + lifetime * 2 / 3)
    assert not crossed
    assert next_at is not None
    assert next_at < NOW + lifetime


@given(lifetimes)
def test_whoever_looks_when_asked_to_is_told_before_the_end_and_ever_worse(lifetime):
    now, severities = NOW, []
    while True:
        crossed, next_at = crossings(USUALLY, NOW, NOW + lifetime, now)
        if crossed:
            assert now < NOW + lifetime or severities
            severities.append(SEVERITY_RANK[most_urgent(crossed).severity])
        if next_at is None:
            break
        assert next_at > now
        now = next_at
    assert severities == sorted(severities)
    assert max(severities) == SEVERITY_RANK["critical"]
    assert now == NOW + lifetime


@given(lifetimes, st.floats(0, 1.2))
def test_what_is_crossed_stays_crossed(lifetime, share):
    at = NOW + lifetime * share
    before, _ = crossings(USUALLY, NOW, NOW + lifetime, at)
    after, _ = crossings(USUALLY, NOW, NOW + lifetime, at + lifetime / 10)
    assert set(before) <= set(after)


def test_several_that_are_crossed_at_first_sight_have_one_most_urgent():
    crossed, _ = crossings(read_thresholds(DAYS), NOW - 350 * DAY, NOW + 2.5 * DAY, NOW)
    assert [each.threshold for each in crossed] == ["30d", "14d", "7d", "3d"]
    assert most_urgent(crossed).threshold == "3d"


def test_days_count_only_up_to_a_third_of_a_lifetime():
    names = [each.name for _, each in due_times(read_thresholds(DAYS), NOW, NOW + 47 * DAY)]
    assert names == ["14d", "7d", "3d", "1d"]
    names = [each.name for _, each in due_times(read_thresholds(DAYS), NOW, NOW + 90 * DAY)]
    assert names[0] == "30d"


def test_there_is_no_horizon():
    ancient = datetime(1999, 1, 1, tzinfo=UTC)
    crossed, next_at = crossings(USUALLY, ancient, ancient + DAY, NOW)
    assert len(crossed) == 3
    assert next_at is None


def test_what_is_not_yet_valid_has_crossed_nothing():
    assert crossings(USUALLY, NOW + DAY, NOW + 2 * DAY, NOW) == ((), NOW + DAY)


@pytest.mark.parametrize(
    "end", [datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), NOW - 5 * DAY, NOW]
)
def test_dates_of_hostile_certificates_raise_nothing(end):
    crossings(USUALLY, NOW, end, NOW)
    crossings(USUALLY, datetime(1, 1, 1, tzinfo=UTC), end, NOW)


@pytest.mark.parametrize(
    "given_",
    [
        {},
        "14d",
        [14],
        [{"severity": "warning"}],
        [{"severity": "page", "days": 3}],
        [{"severity": "low", "days": -1}],
        [{"severity": "low", "days": True}],
        [{"severity": "low", "days": 1e9}],
        [{"severity": "low", "days": float("nan")}],
        [{"severity": "low", "ratio": 1.5}],
        [{"severity": "low", "ratio": "0.5"}],
        [{"severity": "low", "ratio": 0.5, "days": 3}],
        [{"severity": "low", "ratio": 0.5, "floor": "soon"}],
        [{"severity": "low", "ratio": 0.5, "floor": 5}],
        [{"severity": "low", "ratio": 0.5, "color": "red"}],
        [{"severity": "low", "days": 3}, {"severity": "high", "days": 3}],
        [{"severity": "low", "days": n} for n in range(1, 30)],
    ],
)
def test_what_is_no_threshold_is_refused_in_words(given_):
    if given_ == {}:
        with pytest.raises(PayloadError):
            read_thresholds({"severity": "low"})
        return
    with pytest.raises(PayloadError) as refused:
        read_thresholds(given_)
    assert refused.value.errors[0].field == "thresholds"


def test_no_thresholds_are_the_usual_ones():
    assert read_thresholds([]) == USUALLY
    assert Threshold("critical", 0.05, DAY).name == "5% or 1d"

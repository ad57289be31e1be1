"""Freezes, asked: which holds when for what, over the clocks' changes too."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chronos.freezes import freeze_intervals, frozen, load_freezes, next_frozen
from opsportal.accounts.models import Team
from opsportal.lib.windows import zone_of
from tests.chronos.freezing import DEPLOY, NOW, compiled, later, make_freeze, weekly

BERLIN = zone_of("Europe/Berlin")
HOUR = timedelta(hours=1)
instants = st.integers(0, 2 * 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


def holds(freeze, at=NOW, **seen) -> bool:
    return bool(frozen([freeze], at, DEPLOY | seen))


def test_it_holds_from_its_start_until_before_its_end():
    freeze = compiled()
    assert [holds(freeze, at) for at in (later(hours=-1), NOW, later(hours=1))] == [
        True, True, False,
    ]  # fmt: skip
    assert not holds(freeze, later(hours=-1, microseconds=-1))


def test_a_freeze_in_the_future_does_not_block_now():
    freeze = compiled(starts_at=later(days=3), ends_at=later(days=4))
    assert not holds(freeze)
    assert next_frozen([freeze], NOW, DEPLOY).since == later(days=3)
    assert next_frozen([freeze], later(days=3), DEPLOY) is None
    recurring = weekly(starts_at=datetime(2027, 1, 1, 15, 0, tzinfo=UTC))
    assert frozen([recurring], datetime(2026, 12, 25, 18, 0, tzinfo=UTC), DEPLOY) == []


@pytest.mark.parametrize(
    ("values", "seen", "concerned"),
    [
        ({"match": 'environment="prod"'}, {}, True),
        ({"match": 'env="prod", app=~"a.*"'}, {}, True),
        ({"match": 'environment="prod"'}, {"environment": "staging"}, False),
        ({"match": 'region!="eu-1"'}, {"region": "eu-1"}, False),
        ({"match": 'tier="1"'}, {"tier": "1"}, True),
        ({"match": "environment="}, {}, False),
        ({}, {"kind": "rollback"}, False),
        ({}, {"kind": "config"}, False),
        ({"kinds": ["config"]}, {"kind": "config"}, True),
        ({"exempt_services": ["api"]}, {}, False),
        ({"exempt_services": ["api"]}, {"service": "web"}, True),
        ({"exempt_actors": ["jo"]}, {"actor": "jo"}, False),
        ({"team": Team(name="payments")}, {"team": "payments"}, True),
        ({"team": Team(name="payments")}, {"team": ""}, True),
        ({"team": Team(name="payments")}, {"team": "search"}, False),
    ],
)
def test_whom_it_concerns(values, seen, concerned):
    assert holds(compiled(**values), **seen) is concerned


def test_the_next_of_a_yearly_freeze_is_seen_over_a_leap_day():
    first = datetime(2027, 3, 1, tzinfo=UTC)
    yearly = compiled(
        recurrence="FREQ=YEARLY", starts_at=first, duration=timedelta(days=3), ends_at=None
    )
    assert next_frozen([yearly], first, DEPLOY).since == datetime(2028, 3, 1, tzinfo=UTC)


def test_an_exception_opens_it_for_its_time_and_the_rest_goes_on():
    gone = {"from": later(minutes=-10).isoformat(), "until": later(minutes=10).isoformat()}
    freeze = compiled(exceptions=[gone])
    assert not holds(freeze)
    assert holds(freeze, later(minutes=-11))
    assert freeze.window_at(later(minutes=-11)) == (later(hours=-1), later(minutes=-10))
    assert freeze.window_at(later(minutes=10)) == (later(minutes=10), later(hours=1))


def test_days_that_follow_without_a_gap_are_one_freeze_and_say_when_it_ends_in_truth():
    freeze = compiled(
        recurrence="FREQ=DAILY;COUNT=5", duration=timedelta(days=1), ends_at=None,
        starts_at=datetime(2026, 3, 2, tzinfo=UTC),
    )  # fmt: skip
    [found] = frozen([freeze], NOW, DEPLOY)
    assert (found.since, found.until) == (
        datetime(2026, 3, 2, tzinfo=UTC),
        datetime(2026, 3, 7, tzinfo=UTC),
    )


@given(instants)
@example(datetime(2026, 3, 29, 0, 30, tzinfo=UTC))
@example(datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
def test_a_weekly_freeze_begins_at_its_wall_time_the_whole_year(at):
    """As counted by hand: from Friday 16:00 in Berlin, 64 hours of elapsed time."""
    wall = at.astimezone(BERLIN)
    friday = wall.date() - timedelta(days=(wall.weekday() - 4) % 7)
    start = datetime(friday.year, friday.month, friday.day, 16, tzinfo=BERLIN).astimezone(UTC)
    before = friday - timedelta(days=7)
    earlier = datetime(before.year, before.month, before.day, 16, tzinfo=BERLIN).astimezone(UTC)
    starts_at = datetime(2026, 1, 2, 15, 0, tzinfo=UTC)
    expected = any(
        begun <= at < begun + 64 * HOUR for begun in (start, earlier) if begun >= starts_at
    )
    assert holds(weekly(), at) is expected


@settings(max_examples=40)
@given(instants, st.integers(1, 40 * 24), st.lists(st.tuples(instants, st.integers(1, 72))))
def test_intervals_are_in_order_apart_and_agree_with_every_moment(since, hours, gone):
    exceptions = [
        {"from": start.isoformat(), "until": (start + length * HOUR).isoformat()}
        for start, length in gone
    ]
    freeze = weekly(exceptions=exceptions)
    until = since + hours * HOUR
    found = freeze.intervals(since, until)
    assert all(start < end for start, end in found)
    assert all(one[1] <= other[0] for one, other in pairwise(found))
    for number in range(0, hours, max(1, hours // 10)):
        at = since + number * HOUR
        inside = any(start <= at < end for start, end in found)
        assert inside is holds(freeze, at)
        if inside:
            window = freeze.window_at(at)
            assert window in found or window[0] < since


@settings(max_examples=40)
@given(instants)
def test_the_next_one_is_frozen_when_it_begins_and_not_a_moment_before(at):
    found = next_frozen([weekly()], at, DEPLOY)
    assert found.since > at
    assert holds(weekly(), found.since)
    assert not holds(weekly(), found.since - timedelta(microseconds=1))


@pytest.mark.django_db
def test_loading_and_expanding_costs_one_query_and_leaves_out_what_is_disabled():
    make_freeze()
    make_freeze(name="off", enabled=False)
    for number in range(5):
        make_freeze(name=f"f{number}", team=Team.objects.create(name=f"t{number}"))
    with CaptureQueriesContext(connection) as queries:
        found = freeze_intervals(later(days=-1), later(days=1))
    assert len(queries) == 1
    assert [one.freeze.name for one in found] == ["f0", "f1", "f2", "f3", "f4", "quarter"]
    assert len(load_freezes()) == 6

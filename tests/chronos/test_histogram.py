"""Changes are counted by when they began and what they were, in one query on either database."""

from datetime import timedelta

import pytest

from chronos.count import count_changes, mark_stale
from chronos.histogram import MOST_BARS, choose_width, count_by_time, start_of_slot
from chronos.models import ChangeEvent, StaleHour
from chronos.search import EventQuery
from tests.chronos.makers import NOW, make_change

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("span", "width"),
    [
        (timedelta(seconds=1), timedelta(seconds=1)),
        (HOUR, timedelta(seconds=30)),
        (timedelta(days=1), timedelta(minutes=15)),
        (timedelta(days=7), timedelta(hours=2)),
        (timedelta(days=30), timedelta(hours=6)),
        (timedelta(days=3653), timedelta(days=32)),
    ],
)
def test_bars_are_round_and_neither_few_nor_many(span, width):
    assert choose_width(span) == width
    assert span <= timedelta(minutes=1) or 40 <= span / width <= MOST_BARS


@pytest.mark.parametrize("years", [20, 230])
def test_even_centuries_have_no_more_bars(years):
    span = timedelta(days=366 * years)
    assert span / choose_width(span) <= MOST_BARS


def test_a_slot_begins_at_whole_widths_since_1970():
    assert start_of_slot(NOW + timedelta(minutes=7), timedelta(minutes=5)) == NOW + timedelta(
        minutes=5
    )


@pytest.mark.django_db
class TestCounts:
    def count(self, **asked):
        return count_by_time(EventQuery(since=NOW - HOUR, until=NOW, **asked))

    def test_each_kind_is_counted_in_the_slot_where_it_began(self, django_assert_num_queries):
        make_change(10)
        make_change(9.75)
        make_change(10, kind="flag")
        make_change(0)  # the end is not within
        make_change(60)  # the start is
        make_change(61, lasting=30)  # began before
        with django_assert_num_queries(1):
            found = self.count()
        at = NOW - timedelta(minutes=10)
        assert found.counts == {
            (at, "deployment"): 2,
            (at, "flag"): 1,
            (NOW - HOUR, "deployment"): 1,
        }
        assert found.kinds == {"deployment": 3, "flag": 1}

    def test_only_what_is_looked_for_is_counted(self):
        make_change(5, service="search")
        make_change(5)
        assert self.count(service=("search",)).kinds.total() == 1

    def test_fractions_of_a_second_do_not_matter(self):
        make_change(5, at=NOW + timedelta(microseconds=999_999))
        assert self.count().kinds.total() == 1

    def test_without_an_interval_there_is_none(self):
        with pytest.raises(ValueError, match="interval"):
            count_by_time(EventQuery(since=NOW))

    def test_long_intervals_are_told_from_the_counts_by_the_hour(self, django_assert_num_queries):
        make_change(60 * 24 * 5)
        make_change(60 * 24 * 5 + 5, kind="flag", service="search")
        make_change(60, environment="staging")
        week = {"since": NOW - timedelta(days=7), "until": NOW}
        raw = count_by_time(EventQuery(**week))
        count_changes(now=NOW)
        ChangeEvent.objects.all().delete()  # as retention may
        with django_assert_num_queries(2):
            assert count_by_time(EventQuery(**week)) == raw
        assert count_by_time(EventQuery(**week, kind=("flag",))).kinds == {"flag": 1}
        # While hours wait to be counted, what there is counts.
        mark_stale([NOW - timedelta(days=5)])
        assert not count_by_time(EventQuery(**week)).kinds
        StaleHour.objects.all().delete()
        # Services are not counted by the hour.
        assert not count_by_time(EventQuery(**week, service=("search",))).kinds
        assert not count_by_time(EventQuery(since=NOW - timedelta(days=1), until=NOW)).kinds

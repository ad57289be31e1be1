"""Bars beside and below each other, and what the axis says."""

from datetime import timedelta

import pytest

from chronos.models import ChangeEvent
from chronos.overlay import Mark
from chronos.views.chart import draw_ticks
from chronos.views.kinds import legend
from chronos.views.lanes import MOST_LANES, draw_lanes, lanes_by
from chronos.views.window import Window
from tests.chronos.makers import NOW

WINDOW = Window(NOW - timedelta(minutes=100), NOW, live=False, words="")
_numbers = iter(range(1, 10_000))


def change(start, end, **facts):
    """A change from and to so many minutes after the window's start, not stored."""
    values = {"kind": "deployment", "title": "api", "status": "succeeded", "service": "api"}
    return ChangeEvent(
        pk=next(_numbers),
        started_at=WINDOW.since + timedelta(minutes=start),
        ended_at=None if end is None else WINDOW.since + timedelta(minutes=end),
        **values | facts,
    )


def draw(*events, marks=(), subject="service"):
    return draw_lanes(events, marks, subject, WINDOW, now=NOW)


def test_changes_at_the_same_time_stand_below_each_other():
    (lane,) = draw(change(10, 30), change(20, 40), change(31, 50)).lanes
    assert [(bar.left, bar.width, bar.row) for bar in lane.bars] == [
        ("10.000", "20.000", 0),
        ("20.000", "20.000", 1),
        ("31.000", "19.000", 0),
    ]
    assert lane.rows == 2


def test_what_is_under_way_runs_to_now_and_what_reaches_out_is_cut():
    (lane,) = draw(change(-50, 10), change(90, None, status="started")).lanes
    assert [(bar.left, bar.width) for bar in lane.bars] == [
        ("0.000", "10.000"),
        ("90.000", "10.000"),
    ]
    assert "is-started" in lane.bars[1].look


def test_what_is_planned_runs_to_its_expected_end():
    planned = change(50, None, status="planned", expected_end_at=NOW - timedelta(minutes=40))
    (lane,) = draw(planned).lanes
    assert (lane.bars[0].left, lane.bars[0].width) == ("50.000", "10.000")


def test_alerts_stand_in_their_lane_and_the_others_apart():
    marks = [
        Mark(NOW - timedelta(minutes=5), None, "high", "slow", "/alerts/1/", service="api"),
        Mark(NOW - timedelta(minutes=5), NOW, "low", "full", "/alerts/2/", service="other"),
        Mark(NOW - timedelta(minutes=5), NOW, "low", "none", "/alerts/3/"),
    ]
    lanes = draw(change(1, 2), change(1, 2, service=""), marks=marks)
    assert [len(lane.stripes) for lane in lanes.lanes] == [1, 0]
    assert [stripe.mark.title for stripe in lanes.stripes] == ["full", "none"]


def test_the_busiest_lane_is_first_and_there_are_not_too_many():
    events = [change(n, n + 1, service=f"s{n}") for n in range(MOST_LANES + 5)]
    lanes = draw(*events, change(3, 4, service="s7"), change(1, 2, service=""))
    assert lanes.lanes[0].name == "s7"
    assert (len(lanes.lanes), lanes.left_out) == (MOST_LANES, 6)


@pytest.mark.parametrize(
    ("params", "by"),
    [
        ({}, ""),
        ({"view": "lanes"}, "service"),
        ({"view": "lanes", "by": "environment"}, "environment"),
        ({"view": "lanes", "by": "'; DROP"}, "service"),
    ],
)
def test_the_url_says_what_lanes_are_of(params, by):
    assert lanes_by(params) == by


def test_the_axis_has_a_handful_of_round_instants():
    ticks = draw_ticks(NOW - timedelta(days=1), NOW + timedelta(minutes=7))
    assert [tick.text for tick in ticks[:4]] == ["15:00", "18:00", "21:00", "Mar 1"]
    assert 4 <= len(ticks) <= 9


class TestLegend:
    def test_it_counts_groups_and_asks_for_their_kinds(self):
        entries = legend({"deployment": 3, "release": 1, "odd": 2, "even": 5}, ())
        assert [(entry.group, entry.count, entry.kinds) for entry in entries] == [
            ("deployments", 4, "deployment,release"),
            ("other", 7, "even,odd"),
        ]

    def test_once_one_is_chosen_the_others_can_be_too(self):
        entries = {entry.group: entry for entry in legend({"flag": 2}, ("flag",))}
        assert entries["configuration"].chosen
        assert entries["configuration"].kinds == ""
        assert entries["deployments"].count is None
        assert "other" not in entries

"""Who is on call: over all zones and changes of the clocks, against plain arithmetic."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.oncall.plan import Booking, Plan, Rotation, Shift
from alerts.oncall.shifts import final_shifts, holder_at, layer_shifts, next_change, watch_at
from opsportal.lib.windows import parse_hours

BERLIN, UTC_ZONE = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
DAY, WEEK, HOUR = timedelta(days=1), timedelta(days=7), timedelta(hours=1)
JO, SAM, KIM = 1, 2, 3
ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata",
    "Pacific/Apia", "America/St_Johns", "Africa/Casablanca", "Pacific/Chatham",
]  # fmt: skip


def wall(*numbers: Any) -> datetime:
    return datetime(*numbers)  # noqa: DTZ001 - a wall time


def at(*numbers: Any, zone: Any = UTC) -> datetime:
    return wall(*numbers).replace(tzinfo=zone).astimezone(UTC)


def weekly(*people, name="weekly", hours=None, first=None) -> Rotation:
    return Rotation(name, first or wall(2026, 3, 2, 9), WEEK, people, hours)


def test_handovers_stay_at_nine_when_the_clocks_change():
    plan = Plan(BERLIN, (weekly(JO, SAM),))
    shifts = final_shifts(plan, at(2026, 3, 1), at(2026, 4, 20))
    walls = [f"{shift.start.astimezone(BERLIN):%m-%d %H:%M}" for shift in shifts]
    assert walls == [
        "03-02 09:00", "03-09 09:00", "03-16 09:00", "03-23 09:00", "03-30 09:00", "04-06 09:00",
        "04-13 09:00",
    ]  # fmt: skip
    assert [shift.user_id for shift in shifts] == [JO, SAM, JO, SAM, JO, SAM, JO]
    # The week in which the clocks went forward was an hour shorter.
    assert shifts[3].end - shifts[3].start == WEEK - HOUR


def test_nobody_is_on_call_before_the_first_handover():
    plan = Plan(BERLIN, (weekly(JO),))
    assert holder_at(plan, at(2026, 3, 2, 8, 59, 59, zone=BERLIN)) is None
    assert holder_at(plan, at(2026, 3, 2, 9, zone=BERLIN)) == JO
    assert next_change(plan, at(2026, 3, 1)) == at(2026, 3, 2, 9, zone=BERLIN)


def test_later_layers_win_and_gaps_fall_through():
    hours = parse_hours("mon-fri 09:00-17:00", "Europe/Berlin")
    plan = Plan(BERLIN, (weekly(JO, name="base"), weekly(SAM, name="office", hours=hours)))
    assert holder_at(plan, at(2026, 3, 3, 10, zone=BERLIN)) == SAM
    assert holder_at(plan, at(2026, 3, 3, 17, zone=BERLIN)) == JO
    assert holder_at(plan, at(2026, 3, 7, 10, zone=BERLIN)) == JO
    day = final_shifts(plan, at(2026, 3, 3, zone=BERLIN), at(2026, 3, 4, zone=BERLIN))
    assert [(shift.user_id, shift.source) for shift in day] == [
        (JO, "base"), (SAM, "office"), (JO, "base"),
    ]  # fmt: skip


def test_the_calendar_wins_over_layers_and_overrides_over_all():
    start = at(2026, 3, 10)
    calendar = (Booking(SAM, start, start + 6 * HOUR),)
    overrides = (
        Booking(KIM, start + HOUR, start + 3 * HOUR),
        Booking(JO, start + 2 * HOUR, start + 4 * HOUR),  # made later
    )
    plan = Plan(UTC_ZONE, (weekly(JO),), calendar, overrides)
    shifts = final_shifts(plan, start, start + 7 * HOUR)
    assert shifts == [
        Shift(SAM, start, start + HOUR, "calendar"),
        Shift(KIM, start + HOUR, start + 2 * HOUR, "override"),
        Shift(JO, start + 2 * HOUR, start + 4 * HOUR, "override"),
        Shift(SAM, start + 4 * HOUR, start + 6 * HOUR, "calendar"),
        Shift(JO, start + 6 * HOUR, start + 7 * HOUR, "weekly"),
    ]


def test_who_has_left_holds_nothing_and_moves_nobody_elses_turn():
    plan = Plan(UTC_ZONE, (weekly(KIM, name="base"), weekly(JO, None, SAM)))
    weeks = [holder_at(plan, at(2026, 3, 3) + number * WEEK) for number in range(4)]
    assert weeks == [JO, KIM, SAM, JO]


def test_now_and_next_look_past_turns_of_the_same_person():
    plan = Plan(UTC_ZONE, (weekly(JO, JO, SAM),))
    found = watch_at(plan, at(2026, 3, 3))
    assert found.current is not None
    assert found.current.user_id == JO
    assert found.until == at(2026, 3, 16, 9)
    assert found.following == Shift(SAM, at(2026, 3, 16, 9), found.following.end, "weekly")


def test_who_is_always_on_call_has_no_next():
    found = watch_at(Plan(UTC_ZONE, (weekly(JO),)), at(2026, 3, 3))
    assert (found.current.user_id, found.until, found.following) == (JO, None, None)
    nobody = watch_at(Plan(UTC_ZONE), at(2026, 3, 3))
    assert (nobody.current, nobody.until, nobody.following) == (None, None, None)


def test_hourly_turns_over_a_skipped_and_a_repeated_hour():
    turns = Rotation("hourly", wall(2026, 3, 28, 0), HOUR, (JO, SAM))
    plan = Plan(BERLIN, (turns,))
    spring = layer_shifts(plan, 0, at(2026, 3, 29, 0), at(2026, 3, 29, 3))
    assert [shift.end - shift.start for shift in spring] == [HOUR, HOUR, HOUR]
    autumn = layer_shifts(plan, 0, at(2026, 10, 24, 23), at(2026, 10, 25, 3))
    assert 2 * HOUR in [shift.end - shift.start for shift in autumn]


people = st.lists(st.sampled_from([JO, SAM, KIM, None]), min_size=0, max_size=4).map(tuple)
hour_texts = st.sampled_from(
    ["", "mon-fri 09:00-17:00", "22:00-06:00", "sat,sun 00:00-24:00", "02:30-03:00"]
)
EDGE = st.sampled_from(
    [at(2026, 3, 29, 1), at(2026, 10, 25, 1), at(2011, 12, 30, 10), at(2026, 4, 4, 15)]
)
spread = st.integers(-20 * 24 * 60, 20 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))


@st.composite
def plans(draw):
    zone = draw(st.sampled_from(ZONES))
    middle = draw(EDGE)
    layers = []
    for number in range(draw(st.integers(0, 3))):
        first = (middle + draw(spread)).replace(tzinfo=None)
        unit = draw(st.sampled_from([HOUR, DAY, WEEK]))
        text = draw(hour_texts)
        hours = parse_hours(text, zone) if text else None
        length = unit * draw(st.integers(1, 5))
        layers.append(Rotation(f"layer {number}", first, length, draw(people), hours))

    def bookings():
        found = []
        for _ in range(draw(st.integers(0, 4))):
            start = middle + draw(spread)
            length = timedelta(minutes=draw(st.integers(1, 3000)))
            found.append(Booking(draw(st.sampled_from([JO, SAM, KIM])), start, start + length))
        return tuple(found)

    return middle, Plan(ZoneInfo(zone), tuple(layers), bookings(), bookings())


def expected_holder(plan: Plan, instant: datetime) -> int | None:
    """Asked the slow way: every source by itself, the strongest first."""
    for booking in reversed(plan.overrides):
        if booking.start <= instant < booking.end:
            return booking.user_id
    covering = [
        (booking.start, number, booking.user_id)
        for number, booking in enumerate(plan.calendar)
        if booking.start <= instant < booking.end
    ]
    if covering:
        return max(covering)[2]
    for layer in reversed(plan.layers):
        user_id = expected_turn(plan, layer, instant)
        if user_id is not None:
            return user_id
    return None


def expected_turn(plan: Plan, layer: Rotation, instant: datetime) -> int | None:
    if layer.hours is not None and not layer.hours.holds(instant):
        return None
    found, begin, index = None, layer.first, 0
    # Well past the instant on the wall, so that a day that was skipped is seen too.
    until = instant.astimezone(plan.zone).replace(tzinfo=None) + 3 * DAY
    while layer.people and begin <= until:
        start = begin.replace(tzinfo=plan.zone).astimezone(UTC)
        end = (begin + layer.length).replace(tzinfo=plan.zone).astimezone(UTC)
        person = layer.people[index % len(layer.people)]
        if start <= instant < end and person is not None:
            found = person
        begin, index = begin + layer.length, index + 1
    return found


@settings(max_examples=150, deadline=None)
@given(plans(), spread, st.integers(1, 14 * 24 * 60))
def test_shifts_are_in_order_and_say_the_same_as_asking_at_an_instant(drawn, offset, minutes):
    middle, plan = drawn
    start = middle + offset
    end = start + timedelta(minutes=minutes)
    shifts = final_shifts(plan, start, end)
    edges = [start, *(edge for shift in shifts for edge in (shift.start, shift.end)), end]
    assert edges == sorted(edges)  # at most one holder at every instant, nothing outside
    assert all(shift.start < shift.end for shift in shifts)
    probes = {start, *(shift.start for shift in shifts), *(shift.end for shift in shifts)}
    probes |= {start + (end - start) * part / 7 for part in range(7)}
    for probe in sorted(probe for probe in probes if start <= probe < end):
        said = [shift.user_id for shift in shifts if shift.start <= probe < shift.end]
        assert said == ([] if (holder := holder_at(plan, probe)) is None else [holder])
        assert holder == expected_holder(plan, probe)


@settings(max_examples=60, deadline=None)
@given(plans(), st.integers(1, 10_000), st.integers(1, 10_000))
def test_a_time_in_two_pieces_has_the_shifts_of_the_whole(drawn, first, second):
    middle, plan = drawn
    start, end = middle - timedelta(minutes=first), middle + timedelta(minutes=second)
    whole = final_shifts(plan, start, end)
    pieces = [*final_shifts(plan, start, middle), *final_shifts(plan, middle, end)]
    assert spans(pieces) == spans(whole)


def spans(shifts):
    """Seamless shifts of one person as one."""
    found: list[list] = []
    for shift in shifts:
        if found and found[-1][0] == shift.user_id and found[-1][2] == shift.start:
            found[-1][2] = shift.end
        else:
            found.append([shift.user_id, shift.start, shift.end])
    return found


@settings(max_examples=60, deadline=None)
@given(plans(), spread)
def test_the_next_change_is_when_somebody_else_is_on_call(drawn, offset):
    middle, plan = drawn
    now = middle + offset
    change = next_change(plan, now)
    if change is None:
        return
    assert change > now
    before = holder_at(plan, now)
    assert holder_at(plan, change) != before
    for part in range(5):
        assert holder_at(plan, now + (change - now) * part / 5) == before

"""A source is silent when it misses what is usual at such hours, and only then."""

from datetime import UTC, datetime, timedelta

import pytest

from chronos.coverage import cover_sources, silent_sources, uncovered_services
from chronos.models import ChangeCount, CountProgress, KnownName, SourceExpectation
from chronos.names import mention_names

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 7, 6, tzinfo=UTC)  # after four weeks of history
START = MONDAY - timedelta(days=28)
HOUR = timedelta(hours=1)


def heard(source, hours, last=None):
    """What counting would have left of changes in these hours."""
    hours = sorted(hours)
    ChangeCount.objects.bulk_create(
        ChangeCount(hour=hour, kind="deployment", source=source, status="succeeded", count=1)
        for hour in hours
    )
    seen = last or hours[-1] + timedelta(minutes=30)
    KnownName.objects.create(field="source", name=source, first_seen_at=hours[0], last_seen_at=seen)


@pytest.fixture(autouse=True)
def _listening():
    CountProgress.objects.create(pk=1, listening_since=START)


def office_hours(until=MONDAY, days=28):
    every = (until - timedelta(days=days) + n * HOUR for n in range(days * 24))
    return [hour for hour in every if hour.weekday() < 5 and 8 <= hour.hour < 18]


def state(source, now):
    return {row.source: row.state for row in cover_sources(now=now)}[source]


def test_nights_and_weekends_are_not_silence():
    heard("ci", office_hours())
    # Since Friday evening.
    assert state("ci", MONDAY) == "heard"
    assert state("ci", MONDAY + timedelta(hours=9)) == "heard"
    assert state("ci", MONDAY + timedelta(hours=13)) == "silent"


def test_a_busy_source_is_missed_after_some_hours():
    heard("cloud", [START + n * HOUR for n in range(28 * 24)])
    [row] = cover_sources(now=MONDAY + timedelta(minutes=30))
    assert (row.state, row.median_gap, row.long_gap) == ("heard", HOUR, HOUR)
    assert row.due_at == MONDAY + 3 * HOUR
    assert state("cloud", row.due_at - timedelta(seconds=1)) == "heard"
    assert state("cloud", row.due_at) == "silent"


def test_long_pauses_that_are_usual_are_no_silence():
    days = [START + timedelta(days=n, hours=3) for n in range(28)]
    heard("backup", [hour for n, hour in enumerate(days) if n % 3 == 0])
    assert state("backup", MONDAY + timedelta(days=2)) in {"heard", "learning"}


def test_what_was_heard_a_few_times_is_not_judged():
    heard("new", [MONDAY - n * HOUR for n in range(1, 30)])
    heard("rare", [MONDAY - timedelta(days=n * 3) for n in range(1, 9)])
    found = {row.source: row for row in cover_sources(now=MONDAY + timedelta(days=9))}
    assert (found["new"].state, found["rare"].state) == ("learning", "learning")
    assert found["new"].median_gap is None


def test_what_somebody_expects_counts_more_than_habits():
    heard("ci", office_hours())
    heard("rare", [MONDAY - timedelta(days=9)])
    SourceExpectation.objects.create(source="ci", watched=False)
    SourceExpectation.objects.create(source="rare", every=timedelta(days=7))
    now = MONDAY + timedelta(days=1)
    assert (state("ci", now), state("rare", now)) == ("unwatched", "silent")


def test_what_is_silent_for_a_month_is_gone():
    heard("ci", office_hours())
    assert state("ci", MONDAY + timedelta(days=29)) == "gone"
    assert cover_sources(now=MONDAY + timedelta(days=100)) == []


def test_the_portal_does_not_blame_sources_for_its_own_absence():
    heard("cloud", [START + n * HOUR for n in range(28 * 24)])
    now = MONDAY + timedelta(days=2)
    CountProgress.objects.update(listening_since=now - HOUR)
    assert state("cloud", now) == "heard"
    assert state("cloud", now + 4 * HOUR) == "silent"


def test_silent_ones_are_named_first_and_the_portal_itself_never():
    heard("busy", [START + n * HOUR for n in range(28 * 24)])
    heard("another", office_hours())
    heard("opsportal", [START + n * HOUR for n in range(28 * 24)])
    now = MONDAY + timedelta(hours=6)
    assert [row.source for row in cover_sources(now=now)] == ["busy", "another"]
    assert silent_sources(now) == ["busy"]


def test_services_that_no_change_names():
    mention_names("service", ["api", "web"], now=MONDAY)
    KnownName.objects.filter(name="api").update(first_seen_at=MONDAY, last_seen_at=MONDAY)
    assert [name.name for name in uncovered_services()] == ["web"]


def test_many_sources_take_as_many_queries_as_few(django_assert_num_queries):
    for count in (2, 30):
        for number in range(count):
            heard(f"{count}-{number}", office_hours(days=8))
        with django_assert_num_queries(4):
            cover_sources(now=MONDAY)

"""Changes are counted by the hour, and the counts outlive them."""

from datetime import timedelta

import pytest

from chronos.count import count_changes, counts_by_hour, hour_of, mark_stale
from chronos.models import ChangeCount, ChangeEvent, StaleHour
from chronos.prune import prune_changes
from tests.chronos.reports import NOW, ago, change, record

pytestmark = pytest.mark.django_db
HOUR = hour_of(NOW)
ERA = {"since": ago(days=5000), "until": NOW + timedelta(days=5000)}


def totals(by="kind", **wanted):
    return counts_by_hour(**ERA, by=by, wanted=wanted)


def test_changes_are_counted_by_the_hour_in_which_they_began():
    record(change(ago(minutes=1)), change(ago(minutes=2)), change(ago(hours=1), kind="flag"))
    count_changes(now=NOW)
    assert totals() == {(HOUR, "config"): 2, (HOUR - timedelta(hours=1), "flag"): 1}
    assert totals("source", kind=["flag"]) == {(HOUR - timedelta(hours=1), "ci"): 1}
    assert counts_by_hour(NOW, NOW + timedelta(hours=1)) == {(HOUR, "config"): 2}
    assert not StaleHour.objects.exists()


def test_counting_again_changes_nothing():
    record(change(), change(ago(hours=30), environment="prod"))
    for minutes in range(3):
        count_changes(now=NOW + timedelta(minutes=minutes))
    assert sorted(totals().values()) == [1, 1]


def test_a_late_change_and_a_new_status_are_counted_where_they_belong():
    record(change(external_id="1", status="started"))
    count_changes(now=NOW)
    later = NOW + timedelta(minutes=20)
    record(change(ago(days=9)), change(external_id="1", status="failed"), now=later)
    count_changes(now=later)
    assert totals("status") == {(HOUR, "failed"): 1, (hour_of(ago(days=9)), "succeeded"): 1}


def test_what_moves_to_another_hour_or_is_removed_leaves_its_old_one():
    record(change(external_id="1"), change(ago(hours=5), external_id="2"))
    count_changes(now=NOW)
    later = NOW + timedelta(hours=1)
    record(change(ago(hours=3), external_id="1"), now=later)
    gone = ChangeEvent.objects.get(external_id="2")
    mark_stale([gone.started_at])
    gone.delete()
    count_changes(now=later)
    assert totals() == {(hour_of(ago(hours=3)), "config"): 1}


def test_counts_outlive_what_they_count(settings):
    settings.CHANGE_RETENTION = timedelta(days=30)
    record(change(ago(days=40)), change(ago(days=40, minutes=1)), change(ago(days=2)))
    count_changes(now=NOW)
    assert prune_changes(now=NOW) == 2
    mark_stale([ago(days=40)])
    count_changes(now=NOW + timedelta(minutes=1))
    assert sum(totals().values()) == 3
    # One that comes later still, of a past that is gone, does not make less of it.
    record(change(ago(days=40)), now=NOW + timedelta(minutes=2))
    count_changes(now=NOW + timedelta(minutes=3))
    assert totals()[hour_of(ago(days=40)), "config"] == 2


def test_an_hour_costs_the_same_however_much_is_in_it(django_assert_max_num_queries):
    record(*(change(ago(minutes=n % 60), external_id=str(n)) for n in range(60)))
    with django_assert_max_num_queries(45):
        count_changes(now=NOW)
    assert ChangeCount.objects.count() == 2

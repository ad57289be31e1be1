"""What changed is kept, whatever it is called, and reports of one change are one row."""

from datetime import timedelta
from itertools import permutations

import pytest
from django.db import connection

from chronos.models import ChangeEvent, Running
from chronos.normalise import Change
from chronos.record import record_change, record_changes
from opsportal.lib.times import utc_now

pytestmark = pytest.mark.django_db
NOW = utc_now().replace(microsecond=0)


def at(minutes):
    return NOW + timedelta(minutes=minutes)


def deploy(**facts):
    return Change(
        **{"kind": "deployment", "title": "api 412", "actor": "jo", "source": "ci", **facts}
    )


def record(*changes, now=NOW):
    return [receipt.outcome for receipt in record_changes(changes, now=now)]


def test_a_change_is_recorded_with_both_its_times():
    record_change(Change("rule", "Rule r was changed", "ann", at(-60), action="changed"), now=NOW)
    event = ChangeEvent.objects.get()
    assert (event.what, event.actor, event.source) == ("rule.changed", "ann", "opsportal")
    assert (event.started_at, event.ended_at, event.recorded_at) == (at(-60), at(-60), NOW)
    assert (event.status, event.late) == ("succeeded", True)


def test_a_change_that_took_its_time_has_no_clock_ahead():
    record(deploy(external_id="7", status="started", started_at=at(0)))
    record(deploy(external_id="7", status="succeeded", ended_at=at(30)), now=at(30))
    event = ChangeEvent.objects.get()
    assert (event.started_at, event.ended_at, event.skewed) == (at(0), at(30), False)
    record(deploy(external_id="8", status="succeeded", ended_at=at(36)), now=at(30))
    assert ChangeEvent.objects.get(external_id="8").skewed


def test_texts_that_are_too_long_are_cut_rather_than_the_change_lost():
    record_change(Change("k" * 999, "s" * 9999, "a" * 999, started_at=NOW, team="t" * 999), now=NOW)
    event = ChangeEvent.objects.get()
    event.full_clean(exclude=["labels", "data", "tags", "links"])
    assert (len(event.kind), len(event.title), len(event.team)) == (50, 500, 100)


REPORTS = (
    deploy(external_id="7", status="started", started_at=at(-9), service="api"),
    deploy(external_id="7", status="succeeded", started_at=at(-9), ended_at=at(-4), version="412"),
    deploy(external_id="7", status="started", started_at=at(-9), actor_email="jo@example.org"),
)


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_start_and_end_fold_into_one_in_any_order(order, together):
    reports = [REPORTS[place] for place in order]
    if together:
        record(*reports)
    else:
        for report in reports:
            record(report)
    event = ChangeEvent.objects.get()
    assert (event.status, event.started_at, event.ended_at) == ("succeeded", at(-9), at(-4))
    assert (event.service, event.version, event.reports) == ("api", "412", 3)
    assert event.actor_email == "jo@example.org"


def test_the_same_again_is_a_repeat():
    assert record(REPORTS[1], REPORTS[1]) == ["recorded", "repeated"]
    assert record(REPORTS[1]) == ["repeated"]
    assert record(REPORTS[0]) == ["updated"]  # it names the service
    assert record(REPORTS[0]) == ["repeated"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_what_was_told_as_a_moment_may_turn_out_to_have_lasted(order):
    point = deploy(external_id="7", started_at=at(-9), status="succeeded")
    lasted = deploy(external_id="7", started_at=at(-9), ended_at=at(-4), status="succeeded")
    later = deploy(external_id="7", started_at=at(-9), ended_at=at(-2), status="succeeded")
    for place in order:
        record((point, lasted)[place])
    assert record(later) == ["repeated"]
    event = ChangeEvent.objects.get()
    assert (event.started_at, event.ended_at) == (at(-9), at(-4))


def test_another_source_with_the_same_id_is_another_change():
    assert record(deploy(external_id="7"), deploy(external_id="7", source="cd")) == ["recorded"] * 2


def test_a_version_that_is_announced_again_is_the_same_deployment_for_an_hour():
    pods = [deploy(service="api", version="412", started_at=at(-60 + 10 * n)) for n in range(4)]
    assert record(*pods) == ["recorded", *["repeated"] * 3]
    assert record(deploy(service="api", version="412", started_at=at(90))) == ["recorded"]
    assert record(deploy(service="api", version="412", started_at=at(91))) == ["repeated"]
    assert record(deploy(service="api", version="413", started_at=at(91))) == ["recorded"]


def test_what_failed_and_is_tried_again_is_another_deployment():
    def tried(minutes, status):
        return deploy(service="api", version="412", started_at=at(minutes), status=status)

    assert record(tried(0, "started"), tried(0, "failed")) == ["recorded", "updated"]
    assert record(tried(0, "started"), tried(0, "failed")) == ["repeated"] * 2
    assert record(tried(5, "started"), tried(9, "succeeded")) == ["recorded", "updated"]
    found = ChangeEvent.objects.order_by("pk").values_list("status", "started_at")
    assert list(found) == [("failed", at(0)), ("succeeded", at(5))]
    assert list(Running.objects.values_list("version", flat=True)) == ["412"]


def test_what_is_told_over_and_over_does_not_grow_without_end():
    for number in range(5):
        record(deploy(external_id="7", data={f"field{number}": "x" * 30_000}))
    assert set(ChangeEvent.objects.get().data) == {"field0", "field1"}


def test_what_has_no_id_and_no_time_is_a_change_each():
    assert record(deploy(), deploy()) == ["recorded"] * 2
    assert record(deploy(started_at=NOW), deploy(started_at=NOW)) == ["recorded", "repeated"]


def test_a_change_that_retention_took_is_recorded_anew():
    record(REPORTS[1])
    ChangeEvent.objects.all().delete()
    assert record(REPORTS[1]) == ["recorded"]
    assert record(REPORTS[1]) == ["repeated"]


def test_a_batch_costs_the_same_for_few_and_many(django_assert_num_queries):
    record(deploy(started_at=NOW))  # the process knows the names from then on
    # Savepoint, keys, ids, events, keys, release; copying is no query.
    queries = 6 if connection.vendor == "sqlite" else 4
    for count in (3, 60):
        new = [deploy(external_id=f"{count}-{n}", started_at=NOW) for n in range(count)]
        with django_assert_num_queries(queries):
            record(*new)


def test_reports_of_one_change_do_not_make_it_longer_without_end():
    pages = [{f"page {page}": "x" * 30_000} for page in range(4)]
    for page in pages:
        record(deploy(external_id="7", data=page, labels=page))
    event = ChangeEvent.objects.get()
    assert event.data == event.labels == pages[0] | pages[1]
    assert event.reports == 4

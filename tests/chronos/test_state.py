"""What runs where follows from what was deployed, in whatever order it was reported."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chronos.models import ChangeEvent, Running
from chronos.record import record_change, record_changes
from chronos.settle import Place, rebuild_state
from chronos.state import diff_environments, diff_moments, history, running
from chronos.state_query import StateQuery
from opsportal.lib.matchers import parse_matchers
from tests.accounts.people import bearer, make_key
from tests.chronos.deployments import NOW, at, deployed, record

pytestmark = pytest.mark.django_db
API = Place("api", "prod", "")


def ran(**query):
    """Versions by place."""
    rows, _ = running(StateQuery(**query))
    return {row.place: row.version for row in rows}


def state():
    names = [field.name for field in Running._meta.fields if field.name != "id"]
    return list(Running.objects.values_list(*names))


def test_the_newest_end_of_success_is_what_runs_and_no_version_is_compared():
    record(
        deployed("1.10", -30),
        deployed("1.9", -20),
        deployed("2.0", -10, status="failed"),
        deployed("3.0", -5, status="started", ended_at=None),
        deployed("1.8", -40),
        deployed("9", -1, kind="release"),
    )
    assert ran() == {API: "1.9"}
    (row,) = running(StateQuery())[0]
    assert (row.previous_version, row.since, row.actor) == ("1.10", at(-20), "jo")


def test_what_is_late_changes_the_past_only():
    record(deployed("2", -10))
    record(deployed("1", -20))
    assert ran() == {API: "2"}
    assert ran(at=at(-15)) == {API: "1"}
    assert ran(at=at(-21)) == {}
    assert running(StateQuery())[0][0].previous_version == "1"


def test_a_rollback_restores_its_version_or_the_one_before():
    record(deployed("1", -30), deployed("2", -20))
    record(deployed("1", -10, kind="rollback", external_id="back"))
    (row,) = running(StateQuery())[0]
    assert (row.version, row.previous_version, row.rolled_back) == ("1", "2", True)
    record(deployed("3", -9), deployed("", -8, kind="rollback"))
    assert ran() == {API: "1"}
    assert ran(at=at(-8)) == {API: "1"}
    assert [row.version for row in history(API, 9)[0]] == ["1", "3", "1", "2", "1"]
    record(deployed("5", -7, previous_version="4"), deployed("", -6, kind="rollback"))
    assert ran() == {API: "4"}


def test_a_removal_ends_what_ran_and_nothing_late_brings_it_back():
    record(deployed("1", -30), deployed("1", -10, action="removed", external_id="gone"))
    assert ran() == {}
    assert ran(at=at(-20)) == {API: "1"}
    record(deployed("2", -20))
    assert ran() == {}
    assert [(row.version, row.removed) for row in history(API, 9)[0]] == [
        ("", True), ("2", False), ("1", False)
    ]  # fmt: skip
    record(deployed("3", -5))
    assert ran() == {API: "3"}


def test_regions_and_environments_are_places_of_their_own():
    record(
        deployed("1", -9, region="eu"), deployed("2", -8, region="us", external_id="us"),
        deployed("3", -7, environment="staging"), deployed("4", -6, service="web"),
    )  # fmt: skip
    assert ran(environment=("prod",)) == {
        Place("api", "prod", "eu"): "1", Place("api", "prod", "us"): "2",
        Place("web", "prod", ""): "4",
    }  # fmt: skip
    assert ran(text="eb") == {Place("web", "prod", ""): "4"}
    for moment in (None, at(-1)):
        matchers = parse_matchers('{env=~"pr.*", version=~"[12]", app!="web"}')
        assert list(ran(matchers=matchers, at=moment).values()) == ["1", "2"]


def test_a_change_that_turns_out_to_be_of_elsewhere_moves():
    record(deployed("1", -30))
    unsaid = {"environment": "", "external_id": "7"}
    record(deployed("2", -10, **unsaid), deployed("0", -40, environment="", external_id="old"))
    assert ran() == {API: "1", Place("api", "", ""): "2"}
    record(deployed("2", -10, external_id="7"))
    assert ran() == {API: "2", Place("api", "", ""): "0"}
    before = state()
    rebuild_state()
    assert state() == before


@pytest.mark.parametrize(
    "corrected",
    [
        {"ended_at": at(-50), "started_at": at(-51)}, {"status": "failed"}, {"kind": "release"},
        {"service": "web"},
    ],
    ids=min,
)  # fmt: skip
def test_what_is_corrected_runs_no_more(corrected):
    record(deployed("1", -30), deployed("2", -10, external_id="7"))
    put = deployed("2", -10, **{"external_id": "7", **corrected})
    record_changes([put], now=NOW, named=tuple(corrected))
    assert ran()[API] == "1"
    incremental = state()
    rebuild_state()
    assert state() == incremental


def test_an_annotation_that_is_called_off_did_not_deploy(client):
    record(deployed("1", -30))
    _, key = make_key("events:write", "events:read")
    told = {"text": "api 2", "tags": ["deployment", "app:api", "env:prod", "version:2"]}
    answer = client.post(
        "/api/annotations", told, content_type="application/json", headers=bearer(key)
    )
    assert ran() == {API: "2"}
    client.delete(f"/api/annotations/{answer.json()['id']}", headers=bearer(key))
    assert ran() == {API: "1"}


def test_the_portals_own_deployments_count():
    record_change(deployed("1", -1), now=NOW)
    assert ran() == {API: "1"}


@pytest.mark.parametrize("seed", range(6))
def test_any_order_of_reports_and_a_rebuild_come_to_the_same(seed):
    dice = random.Random(seed)  # noqa: S311
    reports = []
    for number in range(60):
        end = -dice.randrange(40)
        facts = {
            "external_id": str(number), "service": dice.choice(["api", "web"]),
            "region": dice.choice(["", "eu"]), "kind": dice.choice(["deployment", "rollback"]),
            "action": dice.choice(["", "", "removed"]), "previous_version": dice.choice(["", "0"]),
        }  # fmt: skip
        status = dice.choice(["succeeded", "succeeded", "failed"])
        reports.append(deployed(str(number), end, status="started", ended_at=None, **facts))
        reports.append(deployed(str(number), end, status=status, **facts))
    results = []
    for _ in range(2):
        dice.shuffle(reports)
        ChangeEvent.objects.all().delete()
        Running.objects.all().delete()
        place = 0
        while place < len(reports):
            step = dice.randrange(1, 40)
            record(*reports[place : place + step])
            place += step
        incremental = state()
        rebuild_state()
        assert state() == incremental
        # Of equal ends the one that was recorded last counts.
        results.append({row[:3]: row[-1] for row in incremental})
    assert results[0] == results[1]


@pytest.mark.django_db(transaction=True)
def test_concurrent_batches_leave_the_newest():
    def report(worker):
        try:
            for number in range(12):
                end = -((number * 7 + worker * 5) % 40)
                version = f"{worker}.{number}"
                record(*(deployed(version, end, service=f"s{n}") for n in (worker % 2, 2, 3)))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(report, range(4)))
    incremental = state()
    rebuild_state()
    assert state() == incremental
    assert len(incremental) == 4


def test_a_rebuild_keeps_what_runs_though_retention_took_its_change():
    record(deployed("1", -30), deployed("2", -10, service="web"))
    ChangeEvent.objects.filter(service="api").delete()
    Running.objects.filter(service="web").update(version="wrong")
    call_command("rebuildstate")
    assert ran() == {API: "1", Place("web", "prod", ""): "2"}
    record(deployed("0", -40))
    assert ran()[API] == "1"


def test_a_rebuild_forgets_what_was_deleted_by_hand():
    record(deployed("1", -30), deployed("wrong", 60 * 24 * 999))
    assert ran() == {API: "wrong"}
    ChangeEvent.objects.filter(version="wrong").delete()
    rebuild_state()
    assert ran() == {API: "1"}


def test_a_batch_costs_the_same_for_few_and_many():
    record(deployed("0", -1))  # names its environment, which is noted once
    costs = set()
    record(deployed("0", 0), deployed("0", -300))  # the process knows the months from then on
    for count in (3, 300):
        new = [deployed(f"{count}-{n}", -n, service=f"s{n}") for n in range(count)]
        with CaptureQueriesContext(connection) as queries:
            record(*new)
        costs.add(len(queries))
    assert len(costs) == 1


def test_pages_are_whole_and_cost_a_query_each(django_assert_max_num_queries):
    record(*(deployed(str(n), -n, service=f"s{n:02}") for n in range(9)))
    # Where a page has too many that were not there yet, the next places are looked at.
    for moment, served, queries in ((None, 9, 1), (at(0), 9, 1), (at(-4), 5, 2)):
        found, after = [], None
        while True:
            with django_assert_max_num_queries(queries):
                rows, after = running(StateQuery(at=moment), 4, after)
            found += rows
            if after is None:
                break
        assert len({row.place for row in found}) == len(found) == served


def test_history_is_paged_by_keyset(django_assert_num_queries):
    record(*(deployed(str(n), -30 + n // 2) for n in range(7)))
    with django_assert_num_queries(1):
        first, after = history(API, 3)
    second, end = history(API, 9, after)
    assert [row.version for row in first + second] == ["6", "5", "4", "3", "2", "1", "0"]
    assert [row.previous_version for row in first] == ["5", "4", "3"]
    assert end is None


def test_environments_differ_where_their_versions_do(django_assert_num_queries):
    record(
        deployed("1", -9), deployed("2", -8, environment="staging"),
        deployed("5", -7, service="web"), deployed("5", -6, service="web", environment="staging"),
        deployed("7", -5, service="new", environment="staging"),
    )  # fmt: skip
    with django_assert_num_queries(2):
        rows = diff_environments("staging", "prod", StateQuery())
    found = [
        (row.service, row.left and row.left.version, row.right and row.right.version)
        for row in rows
    ]
    assert found == [("api", "2", "1"), ("new", "7", None)]
    then = diff_environments("staging", "prod", StateQuery(at=at(-7)))
    assert [row.service for row in then] == ["api", "web"]


def test_an_environment_without_regions_is_compared_with_each_region_of_the_other():
    record(
        deployed("2", -9, environment="staging"), deployed("2", -8, region="eu"),
        deployed("1", -7, region="us"), deployed("9", -6, service="web", region="eu"),
    )  # fmt: skip
    rows = diff_environments("staging", "prod", StateQuery())
    found = [
        (row.service, row.region, row.left and row.left.version, row.right and row.right.version)
        for row in rows
    ]
    assert found == [("api", "us", "2", "1"), ("web", "eu", None, "9")]


def test_moments_differ_where_something_was_deployed_between_them():
    record(
        deployed("1", -30), deployed("2", -10), deployed("5", -30, service="web"),
        deployed("5", -10, service="web", external_id="again"),
        deployed("9", -30, service="old"), deployed("9", -9, service="old", action="removed"),
    )  # fmt: skip
    query = StateQuery(environment=("prod",))
    rows = diff_moments(query, at(-20), None)
    found = [
        (row.service, row.left and row.left.version, row.right and row.right.version)
        for row in rows
    ]
    assert found == [("api", "1", "2"), ("old", "9", None)]
    assert diff_moments(query, at(-8), at(-1)) == []

"""What collecting costs, by counts."""

import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from opsportal.lib.outbox import claim_due
from security.collect import ask_about, ensure_scopes, plan_collections, run_collection
from security.metrics import CollectionMetrics
from security.models import Collection, CollectorError, ConfigRevision, Finding, Scope
from security.prune import prune_askings, prune_errors
from security.tasks import CollectionOutbox
from tests.security.collecting import NOW, later
from tests.security.things import DENIED, account, sweep

pytestmark = pytest.mark.django_db


def group(number):
    """A security group's worth of configuration."""
    return {
        "name": f"web-{number}",
        "rules": [
            {"port": port, "peer": f"10.{number % 256}.0.0/16", "description": "office"}
            for port in (22, 80, 443, 5432, 8080, 9090)
        ],
        "tags": {"env": "prod"},
    }


def statements(queries):
    return [
        q["sql"] for q in queries if q["sql"].split()[0] in ("SELECT", "INSERT", "UPDATE", "DELETE")
    ]


def run_one(now):
    """Statements and CPU seconds of a collection, its claim included."""
    Scope.objects.update(next_at=now)
    plan_collections(now=now)
    began = time.process_time()
    with CaptureQueriesContext(connection) as captured:
        (row,) = claim_due(CollectionOutbox(), now, 1)
        run_collection(row, clock=lambda: now)
    return statements(captured.captured_queries), time.process_time() - began


def test_a_thousand_groups_cost_a_handful_of_statements(sky):
    account()
    sky.there = {f"sg-{number}": group(number) for number in range(1000)}
    sky.page = 1000
    ensure_scopes(now=NOW)
    first, seconds = run_one(NOW)
    # Half of them are the audit's, however many groups there are.
    assert len(first) <= 20, first
    table = CollectorError._meta.db_table
    assert not [sql for sql in first if table in sql]
    assert seconds < 4  # less than two on a quiet machine
    assert ConfigRevision.objects.count() == 1000
    unchanged, seconds = run_one(later(minutes=5))
    assert len(unchanged) <= 6, unchanged
    assert not [sql for sql in unchanged if Finding._meta.db_table in sql]
    assert seconds < 1
    assert ConfigRevision.objects.count() == 1000
    for number in range(10):
        sky.there[f"sg-{number}"]["name"] = "other"
    changed, _ = run_one(later(minutes=10))
    few = len(changed)
    for number in range(500):
        sky.there[f"sg-{number}"]["name"] = "another"
    changed, _ = run_one(later(minutes=15))
    assert len(changed) <= few + 2
    assert ConfigRevision.objects.count() == 1510


def test_planning_does_not_look_at_the_scopes_of_accounts_that_are_as_before(sky):
    regions = [f"r-{number}" for number in range(100)]
    for number in range(5):
        account(f"{number:012}", f"a{number}", regions=regions)
    assert ensure_scopes(now=NOW) == 500
    assert plan_collections(now=NOW) == 500
    with CaptureQueriesContext(connection) as captured:
        assert plan_collections(now=NOW) == 0
    assert len(captured.captured_queries) == 2


def test_what_is_no_longer_watched_rests_and_wakes(sky):
    one = account(regions=["eu-west-1", "us-east-1"])
    sky.fill(1)
    assert len(sweep()) == 2
    one.regions = ["eu-west-1"]
    one.save()
    assert len(sweep(later(minutes=5))) == 1
    one.without = ["test.thing"]
    one.save()
    assert sweep(later(minutes=10)) == []
    one.regions, one.without = ["eu-west-1", "us-east-1"], []
    one.save()
    assert len(sweep(later(minutes=15))) == 2
    assert Scope.objects.count() == 2


def test_what_is_asked_about_comes_before_what_is_only_due(sky):
    account(regions=[f"r-{number}" for number in range(5)])
    plan_collections(now=NOW)
    scope = Scope.objects.order_by("pk").last()
    ask_about(scope, ["a"], reason="event", due_at=later(seconds=5), now=NOW)
    (row,) = claim_due(CollectionOutbox(), later(seconds=6), 1)
    assert row.targets == ["a"]


def test_what_is_old_is_forgotten(sky):
    account()
    sky.fails[0] = DENIED
    sweep()
    sky.fails.clear()
    sweep(later(minutes=5))
    assert prune_askings(now=later(days=7)) == 0
    assert prune_askings(now=later(days=7, minutes=6)) == 2
    assert prune_errors(now=later(days=7, minutes=6)) == 1
    assert not Collection.objects.exists()
    assert not CollectorError.objects.exists()


def test_metrics_say_how_collecting_is_doing(sky, monkeypatch):
    account(regions=["eu-west-1", "us-east-1"])
    sky.fill(3)
    sky.before_listing = lambda number: sky.fails.update({0: DENIED} if number == 2 else {})
    sweep()
    monkeypatch.setattr("security.metrics.utc_now", lambda: NOW + timedelta(minutes=1))
    with CaptureQueriesContext(connection) as captured:
        found = {
            (sample.name, *sample.labels.values()): sample.value
            for metric in CollectionMetrics().collect()
            for sample in metric.samples
        }
    assert len(captured.captured_queries) == 2
    assert found["opsportal_security_scopes", "complete"] == 1
    assert found["opsportal_security_scopes", "denied"] == 1
    assert found["opsportal_security_oldest_complete_seconds",] == 60
    assert found["opsportal_security_collections_last_hour",] == 2

"""Probes as work that is not lost, with few statements, and forgotten in time."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from certs.models import Observation, Probe
from certs.observe import (
    ask_for_probes,
    look_at,
    plan_probes,
    prune_observations,
    run_probes,
    store_looks,
)
from certs.tasks import ProbeOutbox
from opsportal.lib.outbox import claim_due
from tests.certs.making import make_endpoint, make_observation
from tests.certs.pki import NOW, intermediate, later
from tests.certs.probing import names, probe, seen
from tests.certs.serving import tls_server

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["names"]


def test_a_worker_that_is_killed_loses_nothing_and_one_overtaken_stores_nothing(names):
    leaf = intermediate().issue("api.test")
    names["api.test"] = ["127.0.0.1"]
    with tls_server(leaf) as served:
        endpoint = make_endpoint("api.test", served.port)
        ask_for_probes([endpoint], now=NOW)
        killed = claim_due(ProbeOutbox(), NOW, 10)
        assert claim_due(ProbeOutbox(), later(minutes=9), 10) == []
        again = claim_due(ProbeOutbox(), later(minutes=11), 10)
        assert [row.pk for row in again] == [row.pk for row in killed]
        run_probes(killed, clock=lambda: later(minutes=12))
        assert not Observation.objects.exists()
        run_probes(again, clock=lambda: later(minutes=12))
    assert Observation.objects.get().count == 1
    assert Probe.objects.get().state == "done"


def test_one_that_cannot_be_stored_leaves_the_others(names, monkeypatch):
    ca = intermediate()
    names |= {"a.test": ["127.0.0.1"], "b.test": ["127.0.0.1"]}

    def store(looks, *, now):
        if any(look.place.host == "a.test" for look in looks):
            raise RuntimeError("cannot")
        store_looks(looks, now=now)

    monkeypatch.setattr("certs.observe.run.store_looks", store)
    with tls_server(ca.issue("a.test", "b.test")) as served:
        first, second = (make_endpoint(host, served.port) for host in ("a.test", "b.test"))
        probe(first, second)
    assert seen(first) == []
    assert seen(second) == [("127.0.0.1", "ok", 1)]
    states = dict(Probe.objects.values_list("endpoint__host", "state"))
    assert states == {"a.test": "due", "b.test": "done"}


def test_the_number_of_statements_does_not_grow_with_endpoints(names):
    ca = intermediate()

    def statements(number: int, port: int) -> int:
        endpoints = [make_endpoint(f"h{number}-{n}.test", port) for n in range(number)]
        for each in endpoints:
            names[each.host] = ["127.0.0.1"]
        looks = list(look_at(endpoints))
        with CaptureQueriesContext(connection) as queries, transaction.atomic():
            store_looks(looks, now=NOW)
        return len(queries)

    with tls_server(ca.issue("a.test")) as served:
        statements(1, served.port)
        few, many = statements(2, served.port), statements(20, served.port)
    assert few == many
    assert many < 20


def test_endpoints_are_due_by_their_interval(names):
    first = make_endpoint("a.test", interval=timedelta(hours=4))
    make_endpoint("b.test", enabled=False)
    assert plan_probes(now=NOW) == 1
    first.refresh_from_db()
    assert later(hours=3.5) < first.next_at < later(hours=4.5)
    assert plan_probes(now=later(hours=1)) == 0
    # One waits already: no second one.
    assert plan_probes(now=later(hours=5)) == 1
    assert Probe.objects.count() == 1


def test_what_is_past_is_forgotten_and_what_is_current_never(names, settings):
    old, new = (intermediate().issue("api.test") for _ in range(2))
    endpoint = make_endpoint("api.test")
    make_observation(endpoint, old)
    make_observation(endpoint, new, now=later(days=1))
    settings.OBSERVATION_RETENTION = timedelta(days=30)
    assert prune_observations(now=later(days=20)) == 0
    assert prune_observations(now=later(days=900)) == 1
    assert Observation.objects.get().serving

"""Names that lead to other addresses each time, and addresses that fail in other ways each time."""

import random
from collections.abc import Mapping
from datetime import datetime

import pytest

from alerts.models import Alert
from certs.judge.endpoints import judge_endpoints
from certs.models import Certificate, Endpoint, Finding, Observation
from certs.observe import Look, store_looks
from certs.observe.resolve import Resolved
from certs.tls import Reading, Result, Target
from tests.certs.judging import judge
from tests.certs.making import make_endpoint
from tests.certs.pki import DAY, NOW, Issued, intermediate, later

pytestmark = pytest.mark.django_db
HOST = "api.example.com"
CA = intermediate()
OLD = CA.issue(HOST, not_before=NOW - 70 * DAY, lifetime=90 * DAY)
NEW = CA.issue(HOST, not_before=NOW - 5 * DAY, lifetime=90 * DAY)


def look(endpoint: Endpoint, served: Mapping[str, Issued], now: datetime) -> None:
    """The name leads to these addresses alone, and each serves that."""
    endpoint.refresh_from_db()
    readings = {
        address: Reading(Target(address, 443, "tls", HOST), Result.OK, chain=tuple(issued.chain))
        for address, issued in served.items()
    }
    store_looks([Look(endpoint, Resolved(tuple(readings), complete=True), readings)], now=now)
    judge_endpoints(now=now)
    judge(now)


def use(issued: Issued) -> str:
    return Certificate.objects.get(sha256=issued.parsed.sha256).use


def test_one_old_server_of_a_pool_is_no_alert_each_hour():
    pool = {f"192.0.2.{number}": NEW for number in range(12)} | {"192.0.2.3": OLD}
    endpoint, draw = make_endpoint(HOST), random.Random(3)  # noqa: S311
    for hour in range(72):
        served = {address: pool[address] for address in draw.sample(sorted(pool), 4)}
        look(endpoint, served, later(hours=hour))
    # At its first sight, and since it is known to come back: of its end, of what replaces it, and
    # of the addresses that differ.
    assert Alert.objects.exclude(name="Not trusted").count() <= 6
    still = Alert.objects.filter(resolved_at=None).values_list("name", flat=True)
    assert {"Certificate expires", "Old one still served", "Addresses differ"} <= set(still)
    assert Observation.objects.count() <= 2 * len(pool)
    # The old one is renewed: over, though its address is not seen at each look.
    pool["192.0.2.3"] = NEW
    look(endpoint, pool, later(hours=73))
    assert set(
        Alert.objects.filter(resolved_at=None).values_list("name", flat=True)
    ) == {"Not trusted"}  # fmt: skip


def test_a_name_that_moves_is_left_at_once_and_one_that_rotates_after_a_day():
    endpoint = make_endpoint(HOST)
    look(endpoint, {"192.0.2.1": OLD}, NOW)
    look(endpoint, {"192.0.2.2": NEW}, later(hours=1))
    assert use(OLD) == "known"
    look(endpoint, {"192.0.2.1": OLD}, later(hours=2))
    look(endpoint, {"192.0.2.2": NEW}, later(hours=3))
    assert use(OLD) == "served"
    look(endpoint, {"192.0.2.2": NEW}, later(hours=25))
    assert use(OLD) == "served"
    look(endpoint, {"192.0.2.2": NEW}, later(hours=26))
    assert use(OLD) == "known"
    assert Observation.objects.filter(current=True).count() == 1


def test_an_address_that_fails_in_turns_is_silent_since_the_first_time():
    endpoint = make_endpoint(HOST)
    look(endpoint, {"192.0.2.1": NEW, "192.0.2.2": NEW}, NOW)
    ways = (Result.TIMEOUT_CONNECT, Result.REFUSED, Result.UNREACHABLE)
    for hour in range(1, 9):
        endpoint.refresh_from_db()
        readings = {
            address: Reading(
                Target(address, 443, "tls", HOST), result,
                chain=tuple(NEW.chain) if result is Result.OK else (),
            )
            for address, result in (("192.0.2.1", Result.OK), ("192.0.2.2", ways[hour % 3]))
        }  # fmt: skip
        now = later(hours=hour)
        store_looks([Look(endpoint, Resolved(tuple(readings), complete=True), readings)], now=now)
        judge_endpoints(now=now)
        told = Finding.objects.filter(kind="unreachable", closed_at=None).count()
        assert told == (hour >= 7)
    assert Finding.objects.get(kind="unreachable").summary == (
        f"no chain read since {later(hours=1):%Y-%m-%d %H:%M} UTC, at 192.0.2.2 of 2 addresses"
    )

"""Endpoints are looked at, and what they serve is stored: what changed, and nothing twice."""

import socket
import ssl
import time
from typing import Any

import pytest

from certs.judge.endpoints import judge_endpoints
from certs.models import Certificate, CertificateName, Endpoint, Finding, Observation, Probe
from certs.observe.edit import add_endpoints
from certs.sources.endpoints import parse_endpoint
from chronos.models import ChangeEvent
from opsportal.accounts.actors import COMMAND_LINE
from tests.certs.making import make_endpoint
from tests.certs.pki import DAY, NOW, intermediate, later
from tests.certs.probing import names, probe, seen
from tests.certs.serving import raw_server, tls_server

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["names"]


def test_a_chain_is_stored_in_order_once_and_the_same_again_is_counted(names):
    leaf = intermediate().issue("api.test")
    names["api.test"] = ["127.0.0.1"]
    with tls_server(leaf) as served:
        endpoint = make_endpoint("api.test", served.port)
        probe(endpoint)
        probe(endpoint, now=later(hours=1))
    row = Observation.objects.get()
    assert (row.result, row.count, row.current, row.serving) == ("ok", 2, True, True)
    assert (row.first_seen_at, row.last_seen_at) == (NOW, later(hours=1))
    assert [each.certificate.sha256 for each in row.served.select_related("certificate")] == [
        each.parsed.sha256 for each in (leaf, *leaf.above)
    ]
    assert row.certificate is not None
    assert row.certificate.use == "served"
    endpoint.refresh_from_db()
    assert (endpoint.result, endpoint.failures, endpoint.seen_at) == ("ok", 0, later(hours=1))
    assert set(Probe.objects.values_list("state", flat=True)) == {"done"}
    assert not ChangeEvent.objects.exists()


def test_another_certificate_is_a_new_observation_and_a_change_of_the_timeline(names):
    old, new = (intermediate().issue("api.test") for _ in range(2))
    names["api.test"] = ["127.0.0.1"]
    with tls_server(old) as served:
        endpoint = make_endpoint("api.test", served.port)
        probe(endpoint)
        served.serve(new)
        probe(endpoint, now=later(hours=1))
    before, after = Observation.objects.order_by("id")
    assert (before.current, before.serving) == (False, False)
    assert (after.current, after.serving) == (True, True)
    assert after.certificate is not None
    assert after.certificate.sha256 == new.parsed.sha256
    uses = dict(Certificate.objects.values_list("sha256", "use"))
    assert (uses[old.parsed.sha256], uses[new.parsed.sha256]) == ("known", "served")
    change = ChangeEvent.objects.get()
    assert (change.kind, change.action) == ("certificate", "replaced")
    assert change.title == f"Certificate replaced at api.test:{served.port}"
    assert change.before["sha256"] == old.parsed.sha256
    assert change.after["sha256"] == new.parsed.sha256
    assert change.data["addresses"] == ["127.0.0.1"]


def test_a_failure_is_an_observation_and_the_last_chain_stays_the_serving_one(names):
    leaf = intermediate().issue("api.test")
    names["api.test"] = ["127.0.0.1"]
    with tls_server(leaf) as served:
        endpoint = make_endpoint("api.test", served.port, next_at=later(hours=9))
        probe(endpoint)
    probe(endpoint, now=later(hours=1))
    probe(endpoint, now=later(hours=2))
    serving = Observation.objects.get(serving=True)
    assert (serving.current, serving.result) == (False, "ok")
    assert seen(endpoint) == [("127.0.0.1", "refused", 2)]
    assert Certificate.objects.get(sha256=leaf.parsed.sha256).use == "served"
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.failing_since) == (2, later(hours=1))
    assert endpoint.seen_at == NOW
    # Sooner than planned, and later each time.
    assert later(hours=2, seconds=100) < endpoint.next_at < later(hours=2, seconds=140)


def test_a_resolver_that_fails_ends_nothing_and_neither_does_half_an_answer(names):
    leaf = intermediate().issue("api.test")
    names["api.test"] = ["127.0.0.1", "127.0.0.2"]
    with tls_server(leaf, address="127.0.0.1") as served:
        endpoint = make_endpoint("api.test", served.port)
        probe(endpoint)
        again = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        names["api.test"] = again
        probe(endpoint, now=later(hours=1))
        assert ("", "dns", 1) in seen(endpoint)
        assert Observation.objects.get(serving=True).address == "127.0.0.1"
        # The other family is not answered: whether 127.0.0.1 is still one is not known.
        names["api.test"] = {socket.AF_INET: ["127.0.0.2"], socket.AF_INET6: again}
        probe(endpoint, now=later(hours=2))
        assert Observation.objects.get(serving=True).address == "127.0.0.1"
        assert [address for address, *_ in seen(endpoint)] == ["127.0.0.1", "127.0.0.2"]
        names["api.test"] = ["127.0.0.2"]
        probe(endpoint, now=later(hours=3))
    assert not Observation.objects.filter(serving=True).exists()
    assert seen(endpoint) == [("127.0.0.2", "refused", 3)]
    assert Certificate.objects.get(sha256=leaf.parsed.sha256).use == "known"


def test_half_answers_for_a_week_keep_no_address_that_is_gone(names):
    again = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    names["api.test"] = {socket.AF_INET: ["127.0.0.1"], socket.AF_INET6: again}
    with tls_server(intermediate().issue("api.test"), address="127.0.0.1") as served:
        endpoint = make_endpoint("api.test", served.port)
        probe(endpoint)
    names["api.test"] = {socket.AF_INET: ["127.0.0.2"], socket.AF_INET6: again}
    probe(endpoint, now=later(days=6))
    assert Observation.objects.get(serving=True).address == "127.0.0.1"
    probe(endpoint, now=later(days=8))
    assert not Observation.objects.filter(serving=True).exists()
    assert seen(endpoint) == [("127.0.0.2", "refused", 2)]


def watch(*lines: str) -> list[Endpoint]:
    """As people add them."""
    return add_endpoints(
        [parse_endpoint(line) for line in lines], Endpoint(), actor=COMMAND_LINE, now=NOW
    )


def test_both_forms_of_an_ipv6_address_are_one_endpoint(names):
    """Case 9."""
    leaf = intermediate().issue("::1")
    with tls_server(leaf, address="::1") as served:
        port = served.port
        (endpoint,) = watch(f"[::1]:{port}", f"[0:0:0:0:0:0:0:1]:{port}", f"tls://[0::01]:{port}")
        probe(endpoint)
    assert seen(endpoint) == [("::1", "ok", 1)]


def test_a_name_in_another_script_is_asked_for_by_its_a_labels(names):
    """Case 10."""
    ca = intermediate()
    names["xn--bcher-kva.test"] = ["127.0.0.1"]
    leaf = ca.issue("xn--bcher-kva.test")
    with tls_server(ca.issue("no.test"), by_name={"xn--bcher-kva.test": leaf}) as served:
        (endpoint,) = watch(f"bücher.test:{served.port}", f"BÜCHER.test.:{served.port}")
        probe(endpoint)
    row = Observation.objects.select_related("certificate").get()
    assert row.certificate is not None
    assert row.certificate.sha256 == leaf.parsed.sha256
    found = CertificateName.objects.filter(unicode_key="bücher.test").values_list("key", flat=True)
    assert set(found) == {"xn--bcher-kva.test"}


def test_a_server_that_hangs_ends_in_time_and_holds_up_no_others(names):
    """Case 23."""
    leaf = intermediate().issue("a.test")
    names |= {"a.test": ["127.0.0.1"], "slow.test": ["127.0.0.1"]}
    with (
        tls_server(leaf) as served,
        raw_server(lambda connection: time.sleep(5)) as hanging,
    ):
        slow = make_endpoint("slow.test", hanging)
        quick = make_endpoint("a.test", served.port)
        began = time.monotonic()
        probe(slow, quick, timeout=1)
        took = time.monotonic() - began
    assert seen(slow) == [("127.0.0.1", "timeout_handshake", 1)]
    assert seen(quick) == [("127.0.0.1", "ok", 1)]
    # Asked twice.
    assert 1.8 < took < 4


def test_by_server_name_four_observations_without_cross_talk(names):
    """Case 28."""
    ca = intermediate()
    default, first, second = ca.issue("default.test"), ca.issue("a.test"), ca.issue("b.test")
    for name in ("a.test", "b.test", "c.test"):
        names[name] = ["127.0.0.1"]

    def strict(context: Any) -> None:
        chosen = context.sni_callback

        def choose(sock: Any, name: str | None, own: ssl.SSLContext) -> int | None:
            if name == "c.test":
                return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
            return chosen(sock, name, own) if chosen else None

        context.sni_callback = choose

    with tls_server(default, by_name={"a.test": first, "b.test": second}) as served:
        strict(served.context)
        endpoints = [
            make_endpoint(host, served.port) for host in ("a.test", "b.test", "c.test", "127.0.0.1")
        ]
        probe(*endpoints)
    rows = {row.endpoint_id: row for row in Observation.objects.select_related("certificate")}
    found = [rows[each.pk] for each in endpoints]
    assert [row.certificate and row.certificate.sha256 for row in found] == [
        each.parsed.sha256 for each in (first, second, default, default)
    ]
    assert [row.facts for row in found] == [
        {}, {}, {"alert": 112, "without_server_name": True}, {},
    ]  # fmt: skip


def test_a_name_with_eight_addresses_of_which_one_is_old(names):
    """Case 30, as far as a finding that names that address."""
    ca = intermediate()
    old = ca.issue("api.test", not_before=NOW - 80 * DAY)
    new = ca.issue("api.test", not_before=NOW - DAY)
    addresses = [f"127.0.0.{number}" for number in range(11, 19)]
    names["api.test"] = addresses
    with tls_server(new, address="0.0.0.0") as served:
        by_address(served, {"127.0.0.14": old})
        endpoint = make_endpoint("api.test", served.port)
        probe(endpoint)
    leaves = dict(
        Observation.objects.filter(serving=True).values_list("address", "certificate__sha256")
    )
    assert set(leaves) == set(addresses)
    differing = {address for address, leaf in leaves.items() if leaf == old.parsed.sha256}
    assert differing == {"127.0.0.14"}
    judge_endpoints(now=later(hours=2))
    finding = Finding.objects.get(endpoint=endpoint, kind="inconsistent_addresses")
    assert "127.0.0.14" in finding.summary


def by_address(served: Any, others: dict[str, Any]) -> None:
    """Another chain where the connection came in by these addresses."""
    contexts = {}
    for address, issued in others.items():
        chain, key = issued.write(served.folder, f"at-{address}")
        contexts[address] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        contexts[address].load_cert_chain(chain, key)

    def choose(sock: Any, name: str | None, own: ssl.SSLContext) -> None:
        if context := contexts.get(sock.getsockname()[0]):
            sock.context = context

    served.context.sni_callback = choose

"""Networks are swept politely, and only where somebody opened them."""

import pytest

from certs.discover import ask_for_runs, run_source
from certs.models import Endpoint, Source
from certs.sources import Ask, SourceError
from certs.sources.network import NetworkSweep
from certs.tasks import SourceRunOutbox
from opsportal.lib.outbox import claim_due
from tests.certs.pki import NOW, intermediate
from tests.certs.probing import LOOPBACK
from tests.certs.serving import raw_server, tls_server


def wrong(**options: object) -> list[str]:
    return [f"{each.field}: {each.message}" for each in NetworkSweep().check(options, {})]


def look(**options: object) -> list[str]:
    found = NetworkSweep().look(Ask(options=options, secret={}, now=NOW))
    return sorted(f"{each.host}:{each.port} {each.protocol}" for each in found)  # type: ignore[union-attr]


def test_what_speaks_tls_is_found_and_what_does_not_is_left_alone(settings):
    settings.CERTS_SCAN_ALLOW = LOOPBACK
    leaf = intermediate().issue("a.test")
    with (
        tls_server(leaf, address="127.0.0.5") as one,
        tls_server(leaf, address="::1") as two,
        raw_server(
            lambda connection: connection.sendall(b"SSH-2.0-x\r\n"), address="127.0.0.6"
        ) as no,
    ):
        ports = [str(port) for port in (one.port, two.port, no)]
        found = look(networks=["127.0.0.0/28", "::1/128"], ports=ports)
    assert found == sorted([f"127.0.0.5:{one.port} tls", f"::1:{two.port} tls"])


def test_only_what_is_opened_is_swept_public_addresses_too(settings):
    settings.CERTS_SCAN_ALLOW = ["10.0.0.0/8", "9.9.9.0/24"]
    assert wrong(networks=["10.1.0.0/24", "9.9.9.0/28"]) == []
    assert "OPSPORTAL_CERTS_SCAN_ALLOW" in wrong(networks=["8.8.8.0/24"])[0]
    assert "OPSPORTAL_CERTS_SCAN_ALLOW" in wrong(networks=["127.0.0.0/24"])[0]
    with pytest.raises(SourceError, match="OPSPORTAL_CERTS_SCAN_ALLOW"):
        look(networks=["8.8.8.0/24"])
    settings.CERTS_SCAN_ALLOW = ["0.0.0.0/0"]
    # Opened by a wide range only: the addresses of this machine are left out.
    assert look(networks=["127.0.0.0/30"], ports=["1"]) == []


@pytest.mark.parametrize(
    ("options", "about"),
    [
        ({"networks": ["10.0.0.0/8"]}, "too large"),
        ({"networks": [f"10.{n}.0.0/17" for n in range(3)]}, "too many"),
        ({"networks": ["10.0.0.1/24"]}, "no network"),
        ({"networks": ["nonsense\0"]}, "no network"),
        ({"networks": ["10.0.0.0/24"], "ports": ["99999"]}, "65535"),
        ({"networks": ["10.0.0.0/24"], "ports": ["٤٤٣"]}, "no port"),
        ({"networks": ["10.0.0.0/24"], "ports": ["gopher://70"]}, "no protocol"),
        ({"networks": ["10.0.0.0/16"], "ports": [str(n) for n in range(1, 9)]}, "times ports"),
    ],
)  # fmt: skip
def test_bad_options_are_told(settings, options, about):
    settings.CERTS_SCAN_ALLOW = ["10.0.0.0/8"]
    assert about in " ".join(wrong(**options))


@pytest.mark.django_db(transaction=True)
def test_a_sweep_makes_endpoints_that_are_the_sources(settings):
    settings.CERTS_SCAN_ALLOW = LOOPBACK
    with tls_server(intermediate().issue("a.test"), address="127.0.0.5") as served:
        source = Source.objects.create(
            name="dc", kind="network",
            options={"networks": ["127.0.0.4/30"], "ports": [str(served.port)]},
        )  # fmt: skip
        ask_for_runs([source], now=NOW)
        (row,) = claim_due(SourceRunOutbox(), NOW, 1)
        run_source(row, clock=lambda: NOW)
    endpoint = Endpoint.objects.get()
    assert (endpoint.host, endpoint.port, endpoint.source) == ("127.0.0.5", served.port, source)
    assert endpoint.provenance[0]["from"] == "dc"

"""From a server on a socket to a finding: read, stored, judged."""

from ipaddress import ip_address

import pytest
from cryptography import x509

from certs.judge.endpoints import judge_endpoints
from certs.models import Endpoint, Finding, TrustStore
from tests.certs.making import make_endpoint
from tests.certs.pki import DAY, NOW, Issued, intermediate, issue, later, root
from tests.certs.probing import Names, names, probe
from tests.certs.serving import tls_server

pytestmark = pytest.mark.django_db
__all__ = ["names"]

ROOT = root()
CA = intermediate(ROOT)
OLD_CA = intermediate(ROOT, "Old CA", not_before=NOW - 100 * DAY, lifetime=50 * DAY)
HOST = "api.test"
LEAF = CA.issue(HOST)
AT = later(hours=6)


@pytest.fixture(autouse=True)
def store() -> None:
    TrustStore.objects.create(name="ours", pem=ROOT.pem.decode())


def serving(leaf: Issued, *above: Issued) -> Issued:
    """The leaf with these above it, in this order."""
    return Issued(leaf.certificate, leaf.key, list(above), ROOT)


def kinds() -> dict[str, str]:
    judge_endpoints(now=AT)
    return dict(Finding.objects.filter(closed_at=None).values_list("kind", "severity"))


@pytest.mark.parametrize(
    ("served", "found"),
    [
        pytest.param(LEAF, {}, id="1 good"),
        pytest.param(CA.issue(HOST, not_before=NOW - 9 * DAY, lifetime=7 * DAY), {}, id="2 ended"),
        pytest.param(CA.issue(HOST, lifetime=DAY / 2), {}, id="3 ends in hours"),
        pytest.param(CA.issue(HOST, not_before=later(days=5)), {}, id="4 not yet valid"),
        pytest.param(CA.issue("b.test"), {"name_mismatch": "high"}, id="5 wrong host"),
        pytest.param(
            CA.issue(common_name=HOST), {"name_mismatch": "high"}, id="7 common name alone"
        ),
        pytest.param(issue((HOST,)), {"self_signed": "warning"}, id="11 self-signed"),
        pytest.param(serving(LEAF), {"incomplete_chain": "high"}, id="12 leaf only"),
        pytest.param(serving(LEAF, ROOT, CA), {"wrong_order": ""}, id="13 reversed, with root"),
        pytest.param(serving(LEAF, LEAF, CA), {"wrong_order": ""}, id="13 leaf twice"),
        pytest.param(
            OLD_CA.issue(HOST), {"expired_intermediate": "critical"}, id="14 old intermediate"
        ),
        pytest.param(CA.issue(HOST, key="rsa1024"), {}, id="16 weak key, of the certificate"),
    ],
)
def test_what_a_server_serves_becomes_a_finding_of_its_endpoint(
    names: Names, served: Issued, found: dict[str, str]
):
    names[HOST] = ["127.0.0.1"]
    with tls_server(served, configure=lambda context: context.set_ciphers("ALL:@SECLEVEL=0")) as at:
        probe(make_endpoint(HOST, at.port), now=AT)
    assert Endpoint.objects.get().seen_at == AT
    assert kinds() == found


@pytest.mark.parametrize("form", ["::1", "0:0:0:0:0:0:0:1"])
def test_an_address_of_ipv6_is_matched_in_any_form(names: Names, form: str):
    with tls_server(CA.issue("::1"), address="::1") as at:
        probe(make_endpoint("::1", at.port, server_name=""), now=AT)
    assert kinds() == {}


@pytest.mark.parametrize(
    ("san", "found"),
    [
        pytest.param(x509.IPAddress(ip_address("127.0.0.1")), {}, id="8 iPAddress"),
        pytest.param(x509.DNSName("127.0.0.1"), {"name_mismatch": "high"}, id="8 dNSName"),
    ],
)
def test_an_address_is_held_as_an_address_only(
    names: Names, san: x509.GeneralName, found: dict[str, str]
):
    with tls_server(CA.issue(sans=[san])) as at:
        probe(make_endpoint("127.0.0.1", at.port), now=AT)
    assert kinds() == found


def test_a_server_that_reloads_is_found_right_again(names: Names):
    names[HOST] = ["127.0.0.1"]
    with tls_server(CA.issue("b.test")) as at:
        endpoint = make_endpoint(HOST, at.port)
        probe(endpoint, now=AT)
        assert kinds() == {"name_mismatch": "high"}
        at.serve(LEAF)
        probe(endpoint, now=later(hours=7))
    judge_endpoints(now=later(hours=7))
    row = Finding.objects.get()
    assert (row.closed_at, row.closed_reason) == (later(hours=7), "fixed")


def test_of_a_names_addresses_the_one_with_the_old_certificate_is_named(names: Names):
    old = CA.issue(HOST, not_before=NOW - 60 * DAY)
    names[HOST] = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "::1"]
    with tls_server(LEAF) as at, tls_server(LEAF, address="127.0.0.2", port=at.port), \
            tls_server(LEAF, address="127.0.0.3", port=at.port), \
            tls_server(old, address="::1", port=at.port):  # fmt: skip
        probe(make_endpoint(HOST, at.port), now=AT)
    assert kinds() == {"inconsistent_addresses": "high"}
    assert Finding.objects.get().facts["addresses"] == ["::1"]

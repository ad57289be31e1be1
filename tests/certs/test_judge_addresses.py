"""Addresses of one name are compared; silence and outdated protocols are told of."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from certs.judge.addresses import ROLL_OUT, UNREACHABLE_AFTER
from certs.judge.endpoints import judge_endpoints
from certs.models import Endpoint, Finding, Observation, TrustStore
from tests.certs.making import make_endpoint, make_observation, make_source
from tests.certs.pki import DAY, NOW, Issued, intermediate, issue, later, root

pytestmark = pytest.mark.django_db

ROOT = root()
CA = intermediate(ROOT)
HOST = "api.example.com"
OLD = CA.issue(HOST, not_before=NOW - 60 * DAY)
NEW = CA.issue(HOST, not_before=NOW - DAY)
AT = later(hours=1)


@pytest.fixture(autouse=True)
def endpoint() -> Endpoint:
    """One that all these are about."""
    TrustStore.objects.create(name="ours", pem=ROOT.pem.decode())
    return make_endpoint(HOST)


def kinds(now: datetime = AT) -> dict[str, str]:
    """Open findings after a sweep, and their severities."""
    Endpoint.objects.update(judge_at=now)
    judge_endpoints(now=now)
    return dict(Finding.objects.filter(closed_at=None).values_list("kind", "severity"))


def serve(endpoint: Endpoint, *leaves: Issued, now: datetime = NOW) -> None:
    """A leaf at each address."""
    for number, leaf in enumerate(leaves, 1):
        make_observation(endpoint, leaf, address=f"192.0.2.{number}", now=now)


def test_of_eight_addresses_the_old_one_is_named(endpoint: Endpoint):
    serve(endpoint, *[NEW] * 4, OLD, *[NEW] * 3)
    assert kinds() == {"inconsistent_addresses": "high"}
    row = Finding.objects.get()
    assert row.facts["addresses"] == ["192.0.2.5"]
    assert "at 192.0.2.5 of 8 addresses" in row.summary
    assert row.certificate is not None
    assert row.certificate.sha256 == OLD.parsed.sha256
    serve(endpoint, *[NEW] * 8, now=later(hours=2))
    assert kinds(later(hours=2)) == {}


def test_while_a_new_one_is_rolled_out_nothing_is_said(endpoint: Endpoint):
    serve(endpoint, OLD, OLD, OLD)
    make_observation(endpoint, NEW, address="192.0.2.1", now=AT)
    make_observation(endpoint, NEW, address="192.0.2.2", now=AT)
    assert kinds(AT) == {}
    endpoint.refresh_from_db()
    assert endpoint.judge_at == AT + ROLL_OUT
    assert kinds(AT + ROLL_OUT) == {"inconsistent_addresses": "high"}


def test_nodes_that_renew_each_its_own_are_as_good_as_each_other(endpoint: Endpoint):
    serve(endpoint, CA.issue(HOST, not_before=NOW - 20 * DAY), NEW)
    assert kinds() == {}
    # Less than a third of the older one is left: its node does not renew.
    assert kinds(later(days=41)) == {"inconsistent_addresses": "high"}


def test_equally_good_certificates_for_different_names_are_consistent(endpoint: Endpoint):
    serve(endpoint, CA.issue(HOST, "x.example.com", not_before=NOW - 60 * DAY), NEW, NEW)
    assert kinds() == {}


def test_an_address_with_a_wrong_or_untrusted_one_is_inconsistent(endpoint: Endpoint):
    serve(endpoint, NEW, CA.issue("other.example.com"), issue((HOST,)))
    assert kinds() == {
        "inconsistent_addresses": "high", "name_mismatch": "high", "self_signed": "warning",
    }  # fmt: skip
    row = Finding.objects.get(kind="inconsistent_addresses")
    assert row.facts["addresses"] == ["192.0.2.2", "192.0.2.3"]


def test_an_endpoint_away_for_long_is_unreachable_and_keeps_its_chain(endpoint: Endpoint):
    serve(endpoint, CA.issue("other.example.com"))
    Endpoint.objects.update(failing_since=NOW, result="timeout_connect", failures=3)
    assert kinds(AT) == {"name_mismatch": "high"}
    endpoint.refresh_from_db()
    assert endpoint.judge_at == NOW + UNREACHABLE_AFTER
    assert kinds(NOW + UNREACHABLE_AFTER) == {"name_mismatch": "high", "unreachable": "warning"}
    assert "timeout connect" in Finding.objects.get(kind="unreachable").summary


def test_a_name_that_is_gone_is_unreachable(endpoint: Endpoint):
    Endpoint.objects.update(failing_since=NOW, seen_at=NOW, result="dns", detail="NXDOMAIN")
    assert kinds(later(days=1)) == {"unreachable": "warning"}
    assert "NXDOMAIN" in Finding.objects.get().summary


def test_what_a_source_proposed_and_never_answered_is_noted_only(endpoint: Endpoint):
    Endpoint.objects.update(failing_since=NOW, result="refused", source=make_source())
    assert kinds(later(days=1)) == {"unreachable": ""}


def _fail(endpoint: Endpoint, address: str, **fields: Any) -> None:
    Observation.objects.filter(endpoint=endpoint, address=address).update(current=False)
    Observation.objects.create(
        endpoint=endpoint, address=address, first_seen_at=NOW, last_seen_at=NOW, digest="-",
        **fields,
    )  # fmt: skip


def test_some_addresses_away_for_long_are_named(endpoint: Endpoint):
    serve(endpoint, NEW, NEW)
    _fail(endpoint, "192.0.2.2", result="refused")
    assert kinds(NOW + timedelta(hours=1)) == {}
    assert kinds(NOW + UNREACHABLE_AFTER) == {"unreachable": "warning"}
    assert "at 192.0.2.2 of 2 addresses" in Finding.objects.get().summary


def test_outdated_tls_is_told_of(endpoint: Endpoint):
    make_observation(endpoint, NEW, legacy=True, tls_version="TLSv1", cipher="AES128-SHA")
    assert kinds() == {"legacy_protocol": "low"}
    assert "speaks only TLSv1 AES128-SHA" in Finding.objects.get().summary


def test_addresses_that_a_sweep_dialled_are_asked_for_no_name():
    row = make_endpoint("192.0.2.9", source=make_source())
    make_observation(row, NEW, address="192.0.2.9")
    assert kinds() == {"name_mismatch": ""}


@pytest.mark.parametrize("other", ["[::1]", "0:0::1"])
def test_forms_of_one_address_are_one_name(other: str):
    row = make_endpoint("::1", server_name=other.strip("[]"))
    make_observation(row, CA.issue("::1"), address="::1")
    assert kinds() == {}

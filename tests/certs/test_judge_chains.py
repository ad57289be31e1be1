"""What is served becomes findings: names, trust, order; each kind once, with its addresses."""

from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from certs.judge.endpoints import judge_endpoints
from certs.models import Certificate, Endpoint, Finding, TrustStore, Validation
from certs.validate import save_store
from opsportal.accounts.actors import PORTAL
from tests.certs.making import make_certificate, make_endpoint, make_observation
from tests.certs.pki import DAY, NOW, Issued, intermediate, issue, later, root

pytestmark = pytest.mark.django_db

ROOT = root()
CA = intermediate(ROOT)
LEAF = CA.issue("api.example.com", "192.0.2.1")
AT = later(hours=1)


@pytest.fixture(autouse=True)
def store() -> TrustStore:
    """Besides Mozilla's and the system's, which are there by themselves."""
    return TrustStore.objects.create(name="ours", pem=ROOT.pem.decode())


def kinds(now: datetime = AT) -> dict[str, str]:
    """Open findings after a sweep, and their severities."""
    judge_endpoints(now=now)
    return dict(Finding.objects.filter(closed_at=None).values_list("kind", "severity"))


def summary(kind: str) -> str:
    return Finding.objects.get(kind=kind, closed_at=None).summary


def ders(*chain: Issued) -> list[bytes]:
    return [each.der for each in chain]


def test_a_good_chain_is_no_finding():
    row = make_observation(make_endpoint(), LEAF)
    assert kinds() == {}
    held = {v.store.name: v for v in Validation.objects.filter(observation=row)}
    assert set(held) == {"mozilla", "system", "ours"}
    assert held["ours"].ok
    assert held["ours"].path == [each.parsed.sha256 for each in (LEAF, CA, ROOT)]
    assert (held["mozilla"].ok, held["mozilla"].code, held["mozilla"].depth) == (False, 20, 1)


def test_its_own_expiry_is_not_the_chains():
    make_observation(make_endpoint(), LEAF)
    assert kinds(later(days=92)) == {}
    assert kinds(later(days=-1)) == {}


def test_an_endpoint_is_judged_again_when_time_changes_something():
    endpoint = make_endpoint()
    make_observation(endpoint, LEAF)
    judge_endpoints(now=AT)
    endpoint.refresh_from_db()
    assert endpoint.judge_at is not None
    assert endpoint.judge_at > AT
    assert judge_endpoints(now=AT) == 0
    assert judge_endpoints(now=endpoint.judge_at) == 1


@pytest.mark.parametrize(
    ("host", "server_name", "wrong"),
    [
        ("api.example.com", "", False),
        ("192.0.2.1", "", False),
        ("192.0.2.2", "", True),
        ("192.0.2.2", "api.example.com", False),
        ("www.example.com", "", True),
    ],
)
def test_the_name_asked_for_must_be_held(host: str, server_name: str, wrong: bool):
    make_observation(make_endpoint(host, server_name=server_name), LEAF)
    assert kinds() == ({"name_mismatch": "high"} if wrong else {})


def test_a_wildcard_holds_for_one_label():
    for host in ("b.a.example", "a.example", "c.b.a.example"):
        make_observation(make_endpoint(host), CA.issue("*.a.example"))
    judge_endpoints(now=AT)
    wrong = Finding.objects.values_list("endpoint__host", flat=True)
    assert sorted(wrong) == ["a.example", "c.b.a.example"]


def test_a_self_signed_certificate_is_not_also_untrusted():
    make_observation(make_endpoint(), issue(("api.example.com",)))
    assert kinds() == {"self_signed": "warning"}


def test_a_missing_intermediate_is_named_where_it_is_known():
    make_observation(make_endpoint(), ders(LEAF))
    assert kinds() == {"incomplete_chain": "high"}
    assert "browsers may cope" not in summary("incomplete_chain")
    make_certificate(CA)
    judge_endpoints(now=later(hours=26))
    assert "Test CA 1 is not served; browsers may cope" in summary("incomplete_chain")
    assert Validation.objects.get(store__name="ours").missing == [CA.parsed.sha256]


def test_a_missing_intermediate_in_the_middle_is_no_mistrust():
    below = intermediate(CA, "Test CA 2")
    leaf = below.issue("api.example.com")
    make_observation(make_endpoint(), ders(leaf, below))
    assert kinds() == {"untrusted": "high"}
    make_certificate(CA)
    Endpoint.objects.update(judge_at=AT)
    assert kinds() == {"incomplete_chain": "high"}


def test_an_unknown_root_is_untrusted_until_it_is_added(store: TrustStore):
    other = root("Other Root")
    make_observation(make_endpoint(), intermediate(other).issue("api.example.com"))
    assert kinds() == {"untrusted": "high"}
    assert "ours: unable to get local issuer certificate (Test CA 1)" in summary("untrusted")
    store.pem += other.pem.decode()
    save_store(store, actor=PORTAL, now=AT)
    assert kinds() == {}
    assert Finding.objects.get().closed_reason == "fixed"


def test_a_store_that_is_disabled_trusts_nobody(store: TrustStore):
    make_observation(make_endpoint(), LEAF)
    assert kinds() == {}
    TrustStore.objects.filter(pk=store.pk).update(enabled=False)
    assert kinds() == {"untrusted": "high"}
    assert not Validation.objects.filter(store=store).exists()


@pytest.mark.parametrize(
    ("chain", "words"),
    [
        ((LEAF, CA, ROOT), "the root Test Root is sent"),
        ((LEAF, ROOT, CA), "the root Test Root is sent"),
        ((LEAF, LEAF, CA), "api.example.com is sent more than once"),
        ((LEAF, CA, intermediate(root("O"), "A Stranger")), "A Stranger issued nothing of it"),
    ],
)
def test_disorder_is_noted_and_alerts_nobody(chain: tuple[Issued, ...], words: str):
    make_observation(make_endpoint(), ders(*chain))
    assert kinds() == {"wrong_order": ""}
    assert words in summary("wrong_order")


def test_intermediates_in_reverse_are_noted():
    below = intermediate(CA, "Test CA 2")
    leaf = below.issue("api.example.com")
    make_observation(make_endpoint(), ders(leaf, CA, below))
    assert kinds() == {"wrong_order": ""}
    assert "Test CA 1 is not in its place" in summary("wrong_order")


def test_an_expired_intermediate_is_named():
    old = intermediate(ROOT, "Old CA", not_before=NOW - 100 * DAY, lifetime=50 * DAY)
    make_observation(make_endpoint(), old.issue("api.example.com"))
    assert kinds() == {"expired_intermediate": "critical"}
    assert "Old CA of its chain expired on 2026-01-11" in summary("expired_intermediate")


def test_an_expired_cross_sign_is_noted_and_alerts_nobody():
    old = root("Old Root", lifetime=731 * DAY)
    cross = issue(
        (), by=old, common_name="Test Root", organization="Acme", ca=True, key=ROOT.key,
        not_before=NOW - 700 * DAY, lifetime=600 * DAY,
    )  # fmt: skip
    make_observation(make_endpoint(), ders(LEAF, CA, cross))
    assert kinds() == {"wrong_order": ""}
    assert "Test Root is sent, which expired" in summary("wrong_order")


def test_an_intermediate_that_its_leaf_outlives_is_told_of_in_time():
    short = intermediate(ROOT, "Short CA", not_before=NOW - 10 * DAY, lifetime=50 * DAY)
    make_observation(make_endpoint(), short.issue("api.example.com"))
    endpoint = Endpoint.objects.get()
    assert kinds() == {}
    seen: list[dict[str, str]] = []
    for _ in range(5):
        endpoint.refresh_from_db()
        assert endpoint.judge_at is not None
        seen.append(kinds(endpoint.judge_at))
        if "expired_intermediate" in seen[-1]:
            break
    assert seen == [
        {"expiring_intermediate": "warning"},
        {"expiring_intermediate": "high"},
        {"expired_intermediate": "critical"},
    ]
    crossed = Finding.objects.get(kind="expiring_intermediate").crossings
    assert set(crossed.values_list("threshold", flat=True)) == {"30d", "7d"}


def test_an_intermediate_that_outlives_its_leaf_is_the_leafs_renewal():
    short = intermediate(ROOT, not_before=NOW - 10 * DAY, lifetime=50 * DAY)
    make_observation(make_endpoint(), short.issue("api.example.com", lifetime=39 * DAY))
    assert kinds(later(days=35)) == {}


def test_an_intermediate_that_has_a_successor_beside_it_is_no_finding():
    short = intermediate(ROOT, not_before=NOW - 10 * DAY, lifetime=50 * DAY)
    longer = intermediate(ROOT, key=short.key)
    leaf = short.issue("api.example.com")
    make_observation(make_endpoint(), ders(leaf, short, longer))
    assert "expiring_intermediate" not in kinds(later(days=35))


def test_roots_never_alert():
    old = root("Brief", lifetime=(730 + 100) * DAY)
    TrustStore.objects.create(name="brief", pem=old.pem.decode())
    leaf = intermediate(old).issue("api.example.com", lifetime=120 * DAY)
    make_observation(make_endpoint(), leaf)
    assert kinds(later(days=99)) == {}


def test_one_finding_names_the_addresses_it_holds_for():
    endpoint = make_endpoint()
    make_observation(endpoint, LEAF, address="192.0.2.1")
    make_observation(endpoint, ders(LEAF), address="192.0.2.2")
    make_observation(endpoint, ders(LEAF), address="192.0.2.3")
    assert kinds() == {"incomplete_chain": "high"}
    row = Finding.objects.get()
    assert row.facts["addresses"] == ["192.0.2.2", "192.0.2.3"]
    assert "at 192.0.2.2, 192.0.2.3 of 3 addresses" in row.summary
    assert row.certificate == Certificate.objects.get(sha256=LEAF.parsed.sha256)


def test_a_disabled_endpoint_has_no_findings():
    make_observation(make_endpoint("www.example.com"), LEAF)
    assert kinds() == {"name_mismatch": "high"}
    Endpoint.objects.update(enabled=False, judge_at=AT)
    assert kinds() == {}
    assert Finding.objects.get().closed_reason == "disabled"


def _many(count: int, start: int) -> None:
    for number in range(start, start + count):
        ca: Any = intermediate(ROOT, f"CA {number}")
        make_observation(make_endpoint(f"h{number}.example.com"), ca.issue("other.example.com"))


def test_the_number_of_statements_does_not_grow_with_endpoints():
    counts = []
    _many(1, 0)
    judge_endpoints(now=AT)
    for count, start in ((2, 10), (12, 20)):
        _many(count, start)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert judge_endpoints(now=AT) == count
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[0] < 30
    assert Finding.objects.filter(kind="name_mismatch").count() == 15

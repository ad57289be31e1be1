"""Issuers are asked over HTTP, in time and not too often; what they say becomes findings."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from certs.judge.certificates import judge_certificates
from certs.models import Certificate, Finding, Revocation, RevocationList, TrustStore
from certs.validate.revocation import (
    check_revocations,
    lists,
    plan_revocations,
    prune_lists,
)
from tests.certs.authority import Said, list_at, make_answer, make_list, responder_at, speaking
from tests.certs.making import make_certificate, make_endpoint, make_observation, make_source
from tests.certs.making import make_placement as place
from tests.certs.pki import DAY, Issued, intermediate, later, root

pytestmark = pytest.mark.django_db

ROOT = root()
CA = intermediate(ROOT)
AT = later(hours=1)


@pytest.fixture
def ca() -> Iterator[Said]:
    """The authority's server."""
    with speaking() as said:
        yield said


def listed(ca: Said, host: str = "api.example.com") -> Issued:
    return CA.issue(host, extensions=(list_at("ldap://ca.example/cn=x", ca.url("/ca.crl")),))


def serve(*leaves: Issued) -> None:
    for number, leaf in enumerate(leaves):
        make_observation(make_endpoint(f"h{number}.example.com"), leaf)


def check(now: datetime = AT) -> None:
    """Both jobs, as they run."""
    plan_revocations(now=now)
    check_revocations(now=now)


def said_of(leaf: Issued) -> Revocation:
    return Revocation.objects.get(certificate__sha256=leaf.parsed.sha256)


def kinds(leaf: Issued, now: datetime = AT) -> dict[str, str]:
    """Findings of it, of these kinds."""
    Certificate.objects.update(judge_at=now)
    judge_certificates(now=now)
    rows = Finding.objects.filter(certificate__sha256=leaf.parsed.sha256, closed_at=None)
    found = rows.filter(endpoint=None, kind__in=["revoked", "crl_stale"])
    return dict(found.values_list("kind", "severity"))


def test_one_list_serves_all_certificates_of_its_issuer(ca: Said):
    good, bad = listed(ca), listed(ca, "bad.example.com")
    serve(good, bad)
    ca.put("/ca.crl", make_list(CA, bad))
    check()
    assert said_of(good).status == "good"
    row = said_of(bad)
    assert (row.status, row.via, row.reason) == ("revoked", "crl", "key_compromise")
    assert kinds(good) == {}
    assert kinds(bad) == {"revoked": "critical"}
    assert (
        "was revoked on 2026-03-01 12:00 UTC (key compromise)"
        in Finding.objects.get(kind="revoked").summary
    )
    assert [path for path, _ in ca.asked] == ["/ca.crl"]
    assert RevocationList.objects.get().entries == 1


def test_a_certificate_is_asked_about_again_before_its_list_ends(ca: Said):
    leaf = listed(ca)
    serve(leaf)
    ca.put("/ca.crl", make_list(CA, lasts=DAY))
    check()
    due = RevocationList.objects.get().fetch_at
    assert due is not None
    assert AT < due < later(days=1)
    assert said_of(leaf).check_at == due
    check(later(hours=2))
    assert len(ca.asked) == 1
    ca.put("/ca.crl", make_list(CA, leaf, at=due, lasts=DAY))
    check(due)
    assert said_of(leaf).status == "revoked"


def test_a_list_past_its_end_is_stale_and_vouches_for_nobody(ca: Said):
    leaf = listed(ca)
    serve(leaf)
    ca.put("/ca.crl", make_list(CA, lasts=DAY))
    check()
    ca.put("/ca.crl", b"", status=503)
    for minutes in range(0, 600, 20):
        check(later(hours=23, minutes=minutes))
    assert len(ca.asked) < 10, "it is asked less and less often"
    assert said_of(leaf).status == "unknown"
    assert kinds(leaf, later(hours=33)) == {"crl_stale": "low"}
    assert RevocationList.objects.get().error == "503 instead of a list"
    ca.put("/ca.crl", make_list(CA, at=later(hours=40)))
    check(later(hours=40))
    assert said_of(leaf).status == "good"
    assert kinds(leaf, later(hours=40)) == {}


def test_what_was_revoked_stays_so_while_nobody_can_be_asked(ca: Said):
    leaf = listed(ca)
    serve(leaf)
    ca.put("/ca.crl", make_list(CA, leaf, lasts=DAY))
    check()
    del ca.answers["/ca.crl"]
    check(later(days=3))
    assert "revoked" in kinds(leaf, later(days=3))


def test_an_older_or_forged_list_does_not_replace_a_good_one(ca: Said):
    leaf = listed(ca)
    serve(leaf)
    ca.put("/ca.crl", make_list(CA, leaf, lasts=DAY))
    check()
    for body, why in (
        (make_list(CA, at=later(days=-1), lasts=9 * DAY), "an older list than before"),
        (make_list(ROOT, at=later(days=1)), "not signed by Test CA 1"),
        (b"<html>", "cannot be read"),
    ):
        ca.put("/ca.crl", body)
        RevocationList.objects.update(fetch_at=None)
        Revocation.objects.update(check_at=AT)
        check()
        assert said_of(leaf).status == "revoked"
        assert why in RevocationList.objects.get().error


def test_a_list_that_is_too_large_is_not_read(ca: Said, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lists, "MAX_BYTES", 100)
    serve(listed(ca))
    ca.put("/ca.crl", make_list(CA))
    check()
    assert "the list is larger than" in Revocation.objects.get(failures=1).message


def test_private_addresses_are_asked_only_where_they_are_allowed(ca: Said, settings: Any):
    settings.OUTBOUND_ALLOW = []
    serve(listed(ca))
    ca.put("/ca.crl", make_list(CA))
    check()
    assert "OPSPORTAL_OUTBOUND_ALLOW" in RevocationList.objects.get().error
    assert ca.asked == []


def answering(ca: Said, host: str = "api.example.com") -> Issued:
    return CA.issue(host, extensions=(responder_at(ca.url("/ocsp")),))


def test_a_responder_is_asked_where_there_is_no_list(ca: Said):
    leaf = answering(ca)
    serve(leaf)
    ca.put("/ocsp", make_answer(leaf, CA, revoked=True))
    check()
    row = said_of(leaf)
    assert (row.status, row.via, row.reason) == ("revoked", "ocsp", "superseded")
    assert kinds(leaf) == {"revoked": "critical"}


def test_a_responder_is_asked_where_the_list_cannot_be_had(ca: Said):
    leaf = CA.issue(
        "api.example.com", extensions=(list_at(ca.url("/no.crl")), responder_at(ca.url("/ocsp")))
    )
    serve(leaf)
    ca.put("/ocsp", make_answer(leaf, CA))
    check()
    assert (said_of(leaf).status, said_of(leaf).via) == ("good", "ocsp")


def test_a_forged_answer_is_no_answer(ca: Said):
    leaf = answering(ca)
    serve(leaf)
    ca.put("/ocsp", make_answer(leaf, CA, signed_by=ROOT))
    check()
    row = said_of(leaf)
    assert (row.status, row.failures) == ("unknown", 1)
    assert "not signed by whom the issuer lets answer" in row.message
    assert row.check_at is not None
    assert row.check_at > AT


def test_nobody_waits_twice_for_a_responder_that_is_silent(ca: Said):
    leaves = [answering(ca, f"h{number}.example.com") for number in range(5)]
    serve(*leaves)
    down = Said(9)
    with speaking() as gone:
        down = gone
    quiet = [answering(down, f"q{number}.example.com") for number in range(3)]
    for leaf in quiet:
        place(leaf, make_source(leaf.parsed.common_name))
    check()
    assert all("cannot connect" in said_of(leaf).message for leaf in quiet)
    assert all(said_of(leaf).failures == 1 for leaf in quiet)


def test_intermediates_are_asked_about_by_roots_of_trust_stores(ca: Said):
    below = intermediate(ROOT, "CA 2", extensions=(list_at(ca.url("/root.crl")),))
    TrustStore.objects.create(name="ours", pem=ROOT.pem.decode())
    serve(below.issue("api.example.com"))
    ca.put("/root.crl", make_list(ROOT, below))
    check()
    assert kinds(below) == {"revoked": "critical"}


def test_only_what_is_in_use_is_asked_about(ca: Said):
    ca.put("/ca.crl", make_list(CA))
    make_certificate(listed(ca))
    plan_revocations(now=AT)
    assert Revocation.objects.count() == 0
    leaf = listed(ca, "b.example.com")
    serve(leaf)
    check()
    Certificate.objects.update(use=Certificate.Use.KNOWN)
    check(later(days=2))
    assert said_of(leaf).check_at is None
    Certificate.objects.update(use=Certificate.Use.SERVED)
    check(later(days=3))
    assert said_of(leaf).checked_at == later(days=3)


def test_lists_of_what_is_not_in_use_any_more_are_forgotten(ca: Said):
    ca.put("/ca.crl", make_list(CA))
    serve(listed(ca))
    check()
    assert prune_lists(now=later(days=20)) == 0
    assert prune_lists(now=later(days=40)) == 1


def test_authorities_of_the_same_name_do_not_stand_before_the_one_that_issued_it(ca: Said):
    leaf = listed(ca)
    ca.put("/ca.crl", make_list(CA, leaf))
    serve(leaf)
    for _ in range(9):
        make_certificate(intermediate(root(), "Test CA 1", lifetime=4000 * DAY))
    check()
    assert said_of(leaf).status == "revoked"


def test_hostile_words_of_authorities_and_servers_are_stored(ca: Said):
    hostile = intermediate(ROOT, "CA \0 x")
    ca.put("/ca.crl", make_list(CA))
    leaf = hostile.issue("a.test", extensions=(list_at(ca.url("/ca.crl")),))
    serve(leaf)
    check()
    assert "not signed by CA \ufffd x" in said_of(leaf).message
    assert "\ufffd" in RevocationList.objects.get().error


def test_one_that_cannot_be_asked_about_keeps_no_other_from_it(ca: Said, monkeypatch: Any):
    ca.put("/ca.crl", make_list(CA))
    serve(*(leaves := [listed(ca, "a.test"), listed(ca, "b.test")]))
    find, errors = lists.Lists.open, [LookupError("x\0y")]

    def fail_once(*given: Any) -> Any:
        if errors:
            raise errors.pop()
        return find(*given)

    monkeypatch.setattr(lists.Lists, "open", fail_once)
    check()
    assert {said_of(each).status for each in leaves} == {"unknown", "good"}


def test_what_names_nobody_to_ask_is_not_asked_about():
    serve(CA.issue("api.example.com"))
    check()
    assert set(Revocation.objects.values_list("check_at", flat=True)) == {None}
    assert plan_revocations(now=AT) == 0


def test_the_number_of_statements_does_not_grow_with_certificates(ca: Said):
    ca.put("/ca.crl", make_list(CA))
    counts = []
    for count, start in ((2, 0), (12, 10)):
        for number in range(start, start + count):
            leaf = listed(ca, f"x{number}.example.com")
            make_observation(make_endpoint(f"x{number}.example.com"), leaf)
        plan_revocations(now=AT)
        RevocationList.objects.filter().delete()
        with CaptureQueriesContext(connection) as queries:
            check_revocations(now=AT)
        counts.append(len(queries))
    assert counts[0] == counts[1]

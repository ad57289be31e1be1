"""Chains are held against roots at any time, offline."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from certs.trust import (
    EXPIRED,
    NO_ISSUER,
    NOT_YET_VALID,
    SELF_SIGNED_LEAF,
    Judged,
    judge_chain,
    make_anchors,
    mozilla_anchors,
    system_anchors,
)
from certs.trust.paths import MAX_CHAIN, WRONG_PURPOSE
from tests.certs.pki import DAY, NOW, Issued, intermediate, issue, later, new_key, root

ROOT = root()
CA = intermediate(ROOT)
LEAF = CA.issue("api.example.com")
ANCHORS = make_anchors([ROOT.der])
AT = later(hours=1)


def judge(*chain: Issued, roots: Sequence[Issued] = (ROOT,), at: object = AT) -> Judged:
    """Of a chain in this order."""
    anchors = make_anchors([each.der for each in roots])
    return judge_chain([each.der for each in chain], anchors, at=at)  # type: ignore[arg-type]


def digests(*path: Issued) -> tuple[str, ...]:
    return tuple(each.parsed.sha256 for each in path)


def test_a_good_chain_holds_and_its_path_is_told():
    judged = judge(LEAF, CA)
    assert judged.ok
    assert judged.path == digests(LEAF, CA, ROOT)


def test_it_holds_until_the_first_of_the_path_expires():
    end = judge(LEAF, CA).until
    assert end == LEAF.parsed.not_after + timedelta(seconds=1)
    assert judge(LEAF, CA, at=later(days=-1)).until == LEAF.parsed.not_before
    judged = judge(LEAF, CA, at=end)
    assert (judged.code, judged.until) == (EXPIRED, CA.parsed.not_after + timedelta(seconds=1))


@pytest.mark.parametrize(("days", "code"), [(-1, NOT_YET_VALID), (91, EXPIRED), (92, EXPIRED)])
def test_the_leafs_own_time_is_an_error_at_depth_0(days: int, code: int):
    judged = judge(LEAF, CA, at=later(days=days))
    assert (judged.ok, judged.code, judged.depth) == (False, code, 0)
    assert judged.culprit == LEAF.parsed.sha256


@pytest.mark.parametrize(
    "chain", [(LEAF, CA, ROOT), (LEAF, ROOT, CA), (LEAF, LEAF, CA), (LEAF, CA, CA, LEAF)]
)
def test_order_roots_and_repetitions_do_no_harm(chain: tuple[Issued, ...]):
    assert judge(*chain).ok


def test_a_self_signed_leaf_is_told_as_such():
    judged = judge(issue(("self.example.com",)))
    assert (judged.code, judged.depth) == (SELF_SIGNED_LEAF, 0)


def test_a_self_signed_leaf_that_is_a_root_of_ours_holds():
    own = issue(("self.example.com",))
    assert judge(own, roots=[own]).ok


def test_a_missing_intermediate_is_told_and_may_be_known_otherwise():
    judged = judge(LEAF)
    assert (judged.code, judged.depth) == (NO_ISSUER, 0)
    again = judge_chain([LEAF.der], ANCHORS, at=AT, known=[CA.der])
    assert again.ok
    assert again.path == digests(LEAF, CA, ROOT)


def test_an_expired_intermediate_is_named_at_depth_1():
    old = intermediate(ROOT, not_before=NOW - 100 * DAY, lifetime=50 * DAY)
    judged = judge(old.issue("a.example.com"), old)
    assert (judged.code, judged.depth, judged.culprit) == (EXPIRED, 1, old.parsed.sha256)


def test_an_expired_cross_sign_beside_a_good_path_does_no_harm():
    """As ISRG Root X1, once signed by itself and once by DST Root CA X3."""
    old = root("Old Root", lifetime=731 * DAY)
    cross = issue(
        (), by=old, common_name="Test Root", organization="Acme", ca=True, key=ROOT.key,
        not_before=NOW - 700 * DAY, lifetime=600 * DAY,
    )  # fmt: skip
    assert judge(LEAF, CA, cross).path == digests(LEAF, CA, ROOT)
    # Also where the store still has the root that expires.
    assert judge(LEAF, CA, cross, roots=[old, ROOT]).ok
    assert judge(LEAF, CA, cross, roots=[old, ROOT], at=later(days=2)).ok
    # Whoever has only the old root is not served.
    assert not judge(LEAF, CA, cross, roots=[old]).ok


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_intermediates_with_one_key_the_one_that_leads_to_a_root_counts(first: int):
    """OpenSSL alone follows the first and gives up."""
    elsewhere = root("Elsewhere")
    other = issue(
        (), by=elsewhere, common_name="Test CA 1", organization="Acme", ca=True, key=CA.key,
        not_before=NOW - 365 * DAY, lifetime=2000 * DAY,
    )  # fmt: skip
    both = [other, CA] if first else [CA, other]
    assert judge(LEAF, *both).ok
    assert judge(LEAF, *both, roots=[elsewhere]).ok


def test_an_own_store_may_hold_an_intermediate():
    assert judge_chain(LEAF.chain, make_anchors([CA.der], partial=True), at=AT).ok
    assert not judge_chain(LEAF.chain, make_anchors([CA.der]), at=AT).ok


def test_an_unknown_root_and_a_forged_signature_do_not_hold():
    assert not judge(LEAF, CA, roots=[root("Other")]).ok
    forged = Issued(CA.certificate, new_key(), [CA], ROOT).issue("a.example.com", plain=True)
    assert judge(forged, CA).code == 7  # X509_V_ERR_CERT_SIGNATURE_FAILURE


def test_name_constraints_are_kept():
    only = x509.NameConstraints([x509.DNSName("example.org")], None)
    bound = intermediate(ROOT, extensions=((only, True),))
    assert judge(bound.issue("a.example.org"), bound).ok
    assert judge(bound.issue("a.example.com"), bound).code == 47  # PERMITTED_VIOLATION


@pytest.mark.parametrize("depth", [0, 1])
def test_a_certificate_for_other_purposes_does_not_hold(depth: int):
    usage = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False)
    if depth:
        bound = intermediate(ROOT, extensions=(usage,))
        judged = judge(bound.issue("a.example.com"), bound)
    else:
        leaf = CA.issue("a.example.com", plain=True, extensions=(usage,))
        judged = judge(leaf, CA)
    assert (judged.code, judged.depth) == (WRONG_PURPOSE, depth)


def test_what_is_no_authority_issues_nothing():
    assert not judge(LEAF.issue("b.example.com"), LEAF, CA).ok


def test_bytes_that_are_no_certificates_are_no_error():
    assert not judge_chain([], ANCHORS, at=AT).ok
    assert not judge_chain([b"\x30\x03abc"], ANCHORS, at=AT).ok
    assert not judge_chain([b"\x30" * 200_000], ANCHORS, at=AT).ok
    assert judge_chain([LEAF.der, b"junk", CA.der], ANCHORS, at=AT).ok


def test_a_hostile_chain_costs_little_and_hides_nothing():
    key = new_key()
    loop = [
        issue((), by=Issued(CA.certificate, CA.key), common_name="Test CA 1", organization="Acme",
              ca=True, key=key)
        for _ in range(50)
    ]  # fmt: skip
    judged = judge(LEAF, *loop, CA)
    assert not judged.ok, f"only {MAX_CHAIN} are looked at"
    assert judge(LEAF, CA, *loop).ok


def test_mozillas_and_the_systems_roots_are_read_once():
    assert len(mozilla_anchors().roots) > 100
    assert mozilla_anchors() is mozilla_anchors()
    assert system_anchors() is system_anchors()


_KEYS = [new_key() for _ in range(4)]
_NAMES = ["A", "B", "C", "D"]


@st.composite
def graphs(draw: st.DrawFn) -> list[bytes]:
    """Certificates that sign each other in any way, also themselves and in circles."""
    made = []
    for _ in range(draw(st.integers(1, 10))):
        subject, issuer, key, signer = (draw(st.integers(0, 3)) for _ in range(4))
        above = issue((), common_name=_NAMES[issuer], ca=True, key=_KEYS[signer])
        start = draw(st.integers(-3, 1))
        made.append(
            issue((), by=above, common_name=_NAMES[subject], ca=draw(st.booleans()),
                  key=_KEYS[key], not_before=NOW + start * DAY, lifetime=2 * DAY)
        )  # fmt: skip
    return [each.der for each in made]


@settings(max_examples=40)
@given(graphs(), st.sets(st.integers(0, 9)))
def test_whatever_the_chain_it_is_judged(chain: list[bytes], roots: set[int]):
    anchors = make_anchors([chain[i] for i in roots if i < len(chain)])
    judged = judge_chain(chain, anchors, at=AT)
    assert judged.until is None or judged.until > AT
    if judged.ok:
        ends = {root.sha256 for root in anchors.roots}
        assert judged.path[-1] in ends
        assert len(set(judged.path)) == len(judged.path)

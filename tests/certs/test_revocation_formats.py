"""Lists and answers are believed only from the issuer, about the certificate, and of now."""

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from certs.trust.answer import RevocationError
from certs.trust.crl import open_list
from certs.trust.loaded import Loaded, load
from certs.trust.ocsp import make_request, read_answer
from certs.trust.signed import is_signed
from tests.certs.authority import make_answer, make_list
from tests.certs.pki import DAY, Issued, intermediate, issue, later, new_key, root

ROOT = root()
CA = intermediate(ROOT)
LEAF = CA.issue("api.example.com")
OTHER = CA.issue("www.example.com")
AT = later(hours=1)
URL = "http://ca.example/ca.crl"


def loaded(issued: Issued) -> Loaded:
    found = load(issued.der)
    assert found is not None
    return found


def test_a_list_says_what_is_revoked_since_when_and_why():
    read = open_list(make_list(CA, LEAF), loaded(CA), at=AT)
    answer = read.ask(loaded(LEAF), [URL])
    assert (answer.status, answer.reason) == ("revoked", "key_compromise")
    assert answer.revoked_at == later(days=-1)
    assert answer.next_update == later(days=7)
    assert read.ask(loaded(OTHER), [URL]).status == "good"
    assert read.entries == 1


def test_a_list_in_pem_is_read():
    pem = x509.load_der_x509_crl(make_list(CA, LEAF)).public_bytes(Encoding.PEM)
    assert open_list(pem, loaded(CA), at=AT).entries == 1


@pytest.mark.parametrize("by", [ROOT, intermediate(ROOT)])
def test_a_list_of_somebody_else_is_not_believed(by: Issued):
    with pytest.raises(RevocationError, match="not signed by Test CA 1"):
        open_list(make_list(by, LEAF), loaded(CA), at=AT)


def test_a_list_dated_ahead_is_not_believed():
    with pytest.raises(RevocationError, match="dated ahead"):
        open_list(make_list(CA, at=later(days=1)), loaded(CA), at=AT)


def _scope(**fields: object) -> tuple[tuple[object, bool], ...]:
    given = {
        "full_name": None, "relative_name": None, "only_contains_user_certs": False,
        "only_contains_ca_certs": False, "only_some_reasons": None, "indirect_crl": False,
        "only_contains_attribute_certs": False, **fields,
    }  # fmt: skip
    return ((x509.IssuingDistributionPoint(**given), True),)  # type: ignore[arg-type]


def test_lists_of_one_issuer_do_not_stand_for_each_other():
    name = [x509.UniformResourceIdentifier("http://ca.example/2.crl")]
    read = open_list(make_list(CA, extensions=_scope(full_name=name)), loaded(CA), at=AT)
    assert read.ask(loaded(LEAF), [URL, "http://ca.example/2.crl"]).status == "good"
    with pytest.raises(RevocationError, match="another one than the certificate names"):
        read.ask(loaded(LEAF), [URL])


def test_a_list_of_authorities_says_nothing_of_others():
    read = open_list(
        make_list(CA, extensions=_scope(only_contains_ca_certs=True)), loaded(CA), at=AT
    )
    with pytest.raises(RevocationError, match="not about certificates of its kind"):
        read.ask(loaded(LEAF), [URL])


@pytest.mark.parametrize(
    "extensions", [_scope(indirect_crl=True), ((x509.DeltaCRLIndicator(3), True),)]
)
def test_indirect_and_delta_lists_are_not_taken_for_whole_ones(
    extensions: tuple[tuple[object, bool], ...],
):
    with pytest.raises(RevocationError, match="cannot be read"):
        open_list(make_list(CA, extensions=extensions), loaded(CA), at=AT)


def test_an_answer_of_the_issuer_is_believed():
    good = read_answer(make_answer(LEAF, CA), loaded(LEAF), loaded(CA), at=AT)
    assert (good.status, good.next_update) == ("good", later(days=7))
    revoked = read_answer(make_answer(LEAF, CA, revoked=True), loaded(LEAF), loaded(CA), at=AT)
    assert (revoked.status, revoked.reason) == ("revoked", "superseded")


def delegate(by: Issued, *usages: x509.ObjectIdentifier, **options: object) -> Issued:
    extension = (x509.ExtendedKeyUsage(usages or [ExtendedKeyUsageOID.OCSP_SIGNING]), False)
    return by.issue("ocsp.example", plain=True, extensions=(extension,), **options)


def test_a_delegate_of_the_issuer_is_believed():
    data = make_answer(LEAF, CA, signed_by=delegate(CA))
    assert read_answer(data, loaded(LEAF), loaded(CA), at=AT).status == "good"


@pytest.mark.parametrize(
    "signer",
    [
        delegate(ROOT),
        delegate(CA, ExtendedKeyUsageOID.SERVER_AUTH),
        delegate(CA, lifetime=timedelta(minutes=1)),
        OTHER,
        issue(("ocsp.example",)),
    ],
)
def test_whoever_else_answers_is_not_believed(signer: Issued):
    data = make_answer(LEAF, CA, signed_by=signer)
    with pytest.raises(RevocationError, match="not signed by whom the issuer lets answer"):
        read_answer(data, loaded(LEAF), loaded(CA), at=AT)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (make_answer(OTHER, CA), "another certificate"),
        (make_answer(LEAF, CA, at=later(days=-9)), "old"),
        (make_answer(LEAF, CA, at=later(days=1)), "dated ahead"),
        (b"junk", "cannot be read"),
        (
            ocsp.OCSPResponseBuilder.build_unsuccessful(
                ocsp.OCSPResponseStatus.TRY_LATER
            ).public_bytes(Encoding.DER),
            "says try_later",
        ),
    ],
)
def test_an_answer_about_another_one_or_another_time_is_not_believed(data: bytes, why: str):
    with pytest.raises(RevocationError, match=why):
        read_answer(data, loaded(LEAF), loaded(CA), at=AT)


@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=4))
def test_a_damaged_answer_or_list_is_refused_and_breaks_nothing(place: int, bits: bytes):
    for data, read in (
        (make_answer(LEAF, CA, revoked=True), lambda data: read_answer(
            data, loaded(LEAF), loaded(CA), at=AT)),
        (make_list(CA, LEAF), lambda data: open_list(data, loaded(CA), at=AT).ask(
            loaded(LEAF), [URL])),
    ):  # fmt: skip
        start = place % len(data)
        damaged = data[:start] + bits + data[start + len(bits) :]
        try:
            answer = read(damaged)
        except RevocationError:
            continue
        assert answer.status == "revoked", "what still reads says the same"


@pytest.mark.parametrize("kind", ["p256", "p384", "ed25519", "rsa2048"])
def test_answers_by_keys_of_each_kind_are_checked(kind: str):
    by = intermediate(ROOT, key=new_key(kind))
    key, made = by.certificate.public_key(), by.issue("a.example.com").certificate
    assert is_signed(key, made.signature, made.tbs_certificate_bytes, made.signature_hash_algorithm)
    assert not is_signed(key, made.signature, b"other", made.signature_hash_algorithm)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("status", ["good", "revoked"])
def test_openssls_own_responder_understands_and_is_understood(tmp_path: Path, status: str):
    serial = f"{LEAF.certificate.serial_number:X}"
    serial = serial.zfill(len(serial) + len(serial) % 2)
    expires = f"{LEAF.certificate.not_valid_after_utc:%y%m%d%H%M%SZ}"
    line = ["R", expires, "260301120000Z"] if status == "revoked" else ["V", expires, ""]
    (tmp_path / "index").write_text("\t".join([*line, serial, "unknown", "/CN=x"]) + "\n")
    (tmp_path / "ca.pem").write_bytes(CA.pem)
    (tmp_path / "ca.key").write_bytes(CA.key_pem)
    (tmp_path / "request").write_bytes(make_request(loaded(LEAF), loaded(CA)))
    subprocess.run(
        ["openssl", "ocsp", "-index", "index", "-CA", "ca.pem", "-rsigner", "ca.pem", "-rkey",
         "ca.key", "-reqin", "request", "-respout", "answer", "-ndays", "1"],
        cwd=tmp_path, check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    data = (tmp_path / "answer").read_bytes()
    # Its clock is the machine's.
    at = ocsp.load_der_ocsp_response(data).this_update_utc + DAY / 2
    assert read_answer(data, loaded(LEAF), loaded(CA), at=at).status == status

"""Weak keys and signatures, and lives that are too long for public trust."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from certs.judge.certificates import judge_certificates
from certs.models import Certificate, Finding, TrustStore
from tests.certs.making import (
    make_certificate,
    make_endpoint,
    make_observation,
    make_placement,
    make_source,
)
from tests.certs.pki import DAY, NOW, Issued, intermediate, issue, later, new_key, root

pytestmark = pytest.mark.django_db

ROOT = root(lifetime=3650 * DAY)
CA = intermediate(ROOT)
AT = later(hours=1)
KINDS = ["weak_key", "weak_signature", "too_long_lived"]


def kinds(row: Issued, now: datetime = AT) -> dict[str, str]:
    """Findings of these kinds after a sweep, and their severities."""
    Certificate.objects.update(judge_at=now)
    judge_certificates(now=now)
    found = Finding.objects.filter(certificate__sha256=row.parsed.sha256, closed_at=None)
    return dict(found.filter(kind__in=KINDS, endpoint=None).values_list("kind", "severity"))


@pytest.mark.parametrize("key", ["rsa1024", "p192"])
def test_weak_keys_are_told_though_the_chain_holds(key: str):
    leaf = CA.issue("api.example.com", key=key)
    make_observation(make_endpoint(), leaf)
    assert kinds(leaf) == {"weak_key": "high"}
    assert Finding.objects.get(kind="weak_key").summary.startswith("has a weak key: ")


@pytest.mark.parametrize("key", ["rsa2048", "p256", "p521", "ed25519"])
def test_strong_keys_are_not(key: str):
    leaf = CA.issue("api.example.com", key=key)
    make_observation(make_endpoint(), leaf)
    assert kinds(leaf) == {}


def test_what_is_only_stored_is_less_urgent_and_what_is_only_known_is_none():
    leaf = CA.issue("api.example.com", key="rsa1024")
    make_certificate(leaf)
    assert kinds(leaf) == {}
    make_placement(leaf, make_source())
    assert kinds(leaf) == {"weak_key": "warning"}


def _sha1(folder: Path, by: Issued) -> x509.Certificate:
    """A leaf signed with SHA-1, which the library refuses to make."""
    key = new_key()
    request = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "api.example.com")])
    )
    signed = request.sign(key, hashes.SHA256())
    (folder / "csr").write_bytes(signed.public_bytes(Encoding.PEM))
    (folder / "ca").write_bytes(by.pem)
    (folder / "key").write_bytes(by.key_pem)
    done = subprocess.run(
        ["openssl", "x509", "-req", "-sha1", "-in", "csr", "-CA", "ca", "-CAkey", "key", "-days",
         "9000"],
        cwd=folder, check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    return x509.load_pem_x509_certificate(done.stdout)


def test_sha1_is_told_of_a_leaf_and_not_of_a_root(tmp_path: Path):
    leaf = Issued(_sha1(tmp_path, CA), None, [CA], ROOT)
    make_observation(make_endpoint(), leaf)
    assert kinds(leaf) == {"weak_signature": "high"}


PUBLIC = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("span", "public", "found"),
    [
        (timedelta(days=200), True, {"too_long_lived": "low"}),
        (timedelta(days=200, seconds=-1), True, {}),
        (timedelta(days=200), False, {}),
        (timedelta(days=3000), False, {}),
    ],
)
def test_lives_are_too_long_for_public_trust_only(
    span: timedelta, public: bool, found: dict[str, str]
):
    """The last second counts (RFC 5280, 4.1.2.5)."""
    TrustStore.objects.create(name="ours", pem=ROOT.pem.decode(), public=public)
    leaf = CA.issue("api.example.com", not_before=PUBLIC, lifetime=span)
    make_observation(make_endpoint(), leaf)
    assert kinds(leaf, PUBLIC + DAY) == found


def test_a_long_life_is_told_of_what_is_stored_too():
    TrustStore.objects.create(name="ours", pem=ROOT.pem.decode(), public=True)
    leaf = CA.issue("api.example.com", not_before=PUBLIC, lifetime=300 * DAY)
    make_certificate(CA)
    make_placement(leaf, make_source())
    assert kinds(leaf, PUBLIC + DAY) == {"too_long_lived": "low"}


def test_a_self_signed_one_may_live_long():
    own = issue(("api.example.com",), lifetime=3650 * DAY, not_before=NOW)
    make_observation(make_endpoint(), own)
    assert kinds(own) == {}

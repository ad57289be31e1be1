"""Weak keys and signatures; lifetimes of publicly trusted certificates."""

from datetime import UTC, datetime, timedelta

import pytest

from certs.x509 import parse_certificate
from certs.x509.lifetimes import excess_lifetime, lifetime, lifetime_rule
from certs.x509.weakness import weak_key, weak_signature
from tests.certs.pki import issue
from tests.certs.x509.forge import der_of, ec_key, forge, rsa_key

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("spki", "reason"),
    [
        (rsa_key(1 << 1023), "RSA key of 1024 bits, fewer than 2048"),
        (rsa_key(1 << 2047), None),
        (rsa_key(1 << 2047, 3), None),
        (rsa_key(1 << 2047, 1), "RSA key with the exponent 1"),
        (rsa_key(1 << 2047, 65536), "RSA key with the exponent 65536"),
        (ec_key("1.2.840.10045.3.1.1"), "elliptic curve secp192r1 of 192 bits, fewer than 224"),
        (ec_key("1.3.132.0.33"), None),
        (ec_key("1.2.3.4"), None),
    ],
)
def test_weak_keys(spki, reason):
    assert weak_key(parse_certificate(forge(spki=spki))) == reason


def test_dsa_is_weak_and_modern_keys_are_not():
    assert "DSA key of 2048 bits" in (weak_key(parse_certificate(der_of("dsa.pem"))) or "")
    for kind in ("p256", "ed25519"):
        assert weak_key(issue(("a.test",), key=kind).parsed) is None


def test_weak_signatures_but_not_of_roots():
    leaf = parse_certificate(der_of("sha1-leaf.pem"))
    assert weak_signature(leaf) == "signed with SHA-1 (sha1WithRSAEncryption), which can be forged"
    for name in ("sha1-root.pem", "md5-root.pem"):
        assert weak_signature(parse_certificate(der_of(name))) is None
    assert weak_signature(issue(("a.test",)).parsed) is None


@pytest.mark.parametrize(
    ("not_before", "days"),
    [
        (datetime(2026, 3, 14, 23, 59, 59, tzinfo=UTC), 398),
        (datetime(2026, 3, 15, tzinfo=UTC), 200),
        (datetime(2026, 4, 1, tzinfo=UTC), 200),
        (datetime(2027, 3, 15, tzinfo=UTC), 100),
        (datetime(2029, 3, 15, tzinfo=UTC), 47),
        (datetime(2019, 1, 1, tzinfo=UTC), 825),
    ],
)
def test_the_last_second_counts(not_before, days):
    whole = not_before + timedelta(days=days)
    assert excess_lifetime(not_before, whole) == SECOND
    assert excess_lifetime(not_before, whole - SECOND) is None
    assert lifetime(not_before, whole - SECOND) == timedelta(days=days)


def test_the_rule_says_its_date():
    rule = lifetime_rule(datetime(2026, 4, 1, tzinfo=UTC))
    assert str(rule) == "200 days, for certificates from 2026-03-15 on"
    old = datetime(2010, 1, 1, tzinfo=UTC)
    assert lifetime_rule(old) is None
    assert excess_lifetime(old, old + timedelta(days=3650)) is None

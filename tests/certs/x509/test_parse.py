"""What a sound certificate says is what a library reads of it."""

import re
import warnings
from hashlib import sha256
from pathlib import Path
from ssl import PEM_cert_to_DER_cert

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID, ObjectIdentifier

from certs.x509 import CertName, parse_certificate
from tests.certs.pki import intermediate, issue
from tests.certs.x509.forge import der_of, extension, forge, number, only

ROOTS = re.findall(
    r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----",
    Path(certifi.where()).read_text(),
    re.DOTALL,
)


@pytest.mark.parametrize("ders", [[PEM_cert_to_DER_cert(pem) for pem in ROOTS]], ids=["mozilla"])
def test_it_reads_what_the_library_reads(ders):
    for der in ders:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = x509.load_der_x509_certificate(der)
            ours = parse_certificate(der)
            serial = theirs.serial_number
        assert ours.errors == ()
        assert ours.subject == theirs.subject.rfc4514_string()
        assert ours.issuer == theirs.issuer.rfc4514_string()
        assert (ours.not_before, ours.not_after) == (
            theirs.not_valid_before_utc,
            theirs.not_valid_after_utc,
        )
        assert int(ours.serial, 16) == serial
        assert ours.key_size == theirs.public_key().key_size
        assert ours.signature_hash == theirs.signature_hash_algorithm.name
        assert ours.self_signed


def test_every_extension_that_matters_is_told():
    access = x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(method, x509.UniformResourceIdentifier(url))
            for method, url in (
                (AuthorityInformationAccessOID.OCSP, "http://ocsp.acme.test"),
                (AuthorityInformationAccessOID.CA_ISSUERS, "http://acme.test/ca.crt"),
            )
        ]
    )
    lists = x509.CRLDistributionPoints(
        [
            x509.DistributionPoint(
                [x509.UniformResourceIdentifier("http://acme.test/ca.crl")], None, None, None
            )
        ]
    )
    policies = x509.CertificatePolicies(
        [x509.PolicyInformation(ObjectIdentifier("2.23.140.1.2.1"), None)]
    )
    staple = x509.TLSFeature([x509.TLSFeatureType.status_request])
    ca = intermediate()
    leaf = ca.issue(
        "a.test", "*.b.test", "10.0.0.1",
        extensions=((access, False), (lists, False), (policies, False), (staple, False)),
    )  # fmt: skip
    read = parse_certificate(leaf.der)
    assert read.errors == ()
    assert read.details == {
        "key_usage": ["digital_signature"],
        "extended_key_usage": ["1.3.6.1.5.5.7.3.1"],
        "ocsp_urls": ["http://ocsp.acme.test"],
        "issuer_urls": ["http://acme.test/ca.crt"],
        "crl_urls": ["http://acme.test/ca.crl"],
        "policies": ["2.23.140.1.2.1"],
        "must_staple": True,
    }
    assert read.names == (
        CertName("cn", "a.test", "a.test"),
        CertName("dns", "a.test", "a.test"),
        CertName("dns", "*.b.test", "*.b.test"),
        CertName("ip", "10.0.0.1", "10.0.0.1"),
    )
    above = parse_certificate(ca.der)
    assert read.issuer_key == above.subject_key
    assert read.authority_key_id == above.subject_key_id != ""
    assert read.issuer_title == "Acme Test CA 1"
    assert (above.is_ca, above.self_signed, read.self_signed) == (True, False, False)
    spki = leaf.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert read.spki_sha256 == sha256(spki).hexdigest()


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("p256", ("ec", 256, "secp256r1", "sha256")),
        ("p384", ("ec", 384, "secp384r1", "sha256")),
        ("p521", ("ec", 521, "secp521r1", "sha256")),
        ("p192", ("ec", 192, "secp192r1", "sha256")),
        ("ed25519", ("ed25519", 256, "", "")),
        ("ed448", ("ed448", 456, "", "")),
        ("rsa1024", ("rsa", 1024, "", "sha256")),
    ],
)
def test_keys_of_each_kind_sign_for_themselves(key, kind):
    read = parse_certificate(issue(("a.test",), key=key).der)
    assert (read.key_type, read.key_size, read.key_curve, read.signature_hash) == kind
    assert read.self_signed
    assert read.errors == ()


@pytest.mark.parametrize(
    ("file", "name"), [("sha1-root.pem", "sha1"), ("md5-root.pem", "md5"), ("dsa.pem", "sha256")]
)
def test_old_signatures_are_checked_too(file, name):
    read = parse_certificate(der_of(file))
    assert (read.self_signed, read.signature_hash) == (True, name)


def test_a_name_alone_signs_nothing():
    assert parse_certificate(forge(serial=number(1))).self_signed is False
    assert parse_certificate(forge()).self_signed is True


def test_a_precertificate_is_its_certificate():
    ca = intermediate()
    poison = (x509.PrecertPoison(), True)
    key, serial = ca.issue("a.test").key, 77
    precertificate = ca.issue("a.test", key=key, serial=serial, extensions=(poison,))
    final = ca.issue("a.test", key=key, serial=serial)
    stamped = forge(
        final.der, add=extension("1.3.6.1.4.1.11129.2.4.2", b"\x04\x06\x00\x04\x00\x02ab")
    )
    first, second, third = (
        parse_certificate(der) for der in (precertificate.der, final.der, stamped)
    )
    assert first.is_precertificate
    assert not second.is_precertificate
    assert third.details["scts"] == 1
    assert first.tbs_sha256 == second.tbs_sha256 == third.tbs_sha256
    assert len({first.sha256, second.sha256, third.sha256}) == 3


def test_a_precertificate_without_other_extensions_has_none_in_the_end():
    bare = forge(extensions=b"")
    poisoned = forge(extensions=only(extension("1.3.6.1.4.1.11129.2.4.3", b"\x05\x00")))
    assert parse_certificate(bare).tbs_sha256 == parse_certificate(poisoned).tbs_sha256


def test_300_and_10_000_names_are_all_there():
    many = [x509.DNSName(f"host-{n}.many.test") for n in range(10_000)]
    for names in (many[:300], many):
        read = parse_certificate(issue(sans=names, common_name="many.test").der)
        assert [each.value for each in read.names[1:]] == [each.value for each in names]
        assert read.errors == ()


def test_names_of_two_alphabets():
    read = parse_certificate(issue(("xn--bcher-kva.test",), common_name="BÜCHER.test").der)
    assert read.names == (
        CertName("cn", "xn--bcher-kva.test", "BÜCHER.test"),
        CertName("dns", "xn--bcher-kva.test", "bücher.test"),
    )
    assert read.common_name == "BÜCHER.test"


def test_other_kinds_of_names():
    principal = x509.OtherName(ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x06Ann@ad")
    person = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Ann")])
    sans = [
        x509.RFC822Name("Ann@Acme.test"),
        x509.UniformResourceIdentifier("spiffe://acme.test/ns/Web"),
        principal,
        x509.DirectoryName(person),
    ]
    read = parse_certificate(issue(sans=sans).der)
    assert [(each.kind, each.value, each.unicode) for each in read.names] == [
        ("email", "ann@acme.test", "Ann@Acme.test"),
        ("uri", "spiffe://acme.test/ns/Web", "spiffe://acme.test/ns/Web"),
        ("other", "1.3.6.1.4.1.311.20.2.3=ann@ad", "1.3.6.1.4.1.311.20.2.3=Ann@ad"),
        ("other", "CN=Ann", "CN=Ann"),
    ]


def test_a_path_length():
    short = issue(
        common_name="Short", plain=True,
        extensions=((x509.BasicConstraints(ca=True, path_length=3), True),),
    )  # fmt: skip
    assert parse_certificate(short.der).details["path_length"] == 3

"""Certificates in files of every kind."""

import time
from base64 import b64decode, b64encode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from certs.x509.containers import FORMATS, read_container
from certs.x509.containers.ber import to_definite
from certs.x509.containers.contents import MAX_CERTIFICATES
from certs.x509.der import OCTET_STRING, DerError, element
from tests.certs.pki import NOW, Issued, intermediate, later
from tests.certs.x509.forge import FILES, forge, number

PASSWORD = "secret1"


@pytest.fixture(scope="module")
def leaf() -> Issued:
    return intermediate().issue("a.test")


def names(data: bytes, *passwords: str) -> list[str]:
    return [each.parsed.common_name for each in read_container(data, "file", passwords).entries]


@pytest.mark.parametrize(
    ("file", "kind", "found"),
    [
        ("server.pem", "PEM", [("server.test", "", False)]),
        ("bundle.p7b", "PKCS#7", [("server.test", "", False), ("Keystore CA", "", False)]),
        ("bundle.p7.pem", "PKCS#7", [("server.test", "", False), ("Keystore CA", "", False)]),
        ("aes.p12", "PKCS#12", [("server.test", "server", True), ("Keystore CA", "", False)]),
        ("3des.p12", "PKCS#12", [("server.test", "server", True), ("Keystore CA", "", False)]),
        ("rc2-40.p12", "PKCS#12", [("server.test", "server", True), ("Keystore CA", "", False)]),
        ("empty.p12", "PKCS#12", [("server.test", "server", True), ("Keystore CA", "", False)]),
        ("plain.p12", "PKCS#12", [("server.test", "server", True), ("Keystore CA", "", False)]),
        ("java.p12", "PKCS#12", [("server.test", "server", True), ("Keystore CA", "trusted", 0)]),
        ("java.jks", "JKS", [("Keystore CA", "trusted", False), ("server.test", "server", True)]),
        ("java.jceks", "JCEKS", [("Keystore CA", "trusted", 0), ("server.test", "server", 1)]),
    ],
)  # fmt: skip
def test_every_format(file, kind, found):
    read = read_container((FILES / file).read_bytes(), file, ["another", PASSWORD])
    assert (read.format, read.troubles) == (kind, ())
    assert kind in FORMATS
    assert [(each.parsed.common_name, each.alias, each.has_key) for each in read.entries] == found
    assert [each.position for each in read.entries] == list(range(len(found)))


@pytest.mark.parametrize("file", ["aes.p12", "3des.p12", "rc2-40.p12", "java.p12"])
def test_a_wrong_password_of_pkcs12(file):
    data = (FILES / file).read_bytes()
    wrong = read_container(data, file, ["wrong"])
    assert wrong.entries == ()
    assert wrong.troubles == (
        "None of the passwords given opens the PKCS#12 file, or it is damaged.",
    )
    assert read_container(data).troubles == (
        "The PKCS#12 file wants a password, and none is given.",
    )
    assert len(read_container(data, file, [PASSWORD.encode()]).entries) == 2


@pytest.mark.parametrize("file", ["java.jks", "java.jceks"])
def test_a_wrong_password_of_a_java_keystore_hides_nothing(file):
    data = (FILES / file).read_bytes()
    wrong = read_container(data, file, ["wrong"])
    assert len(wrong.entries) == 2
    assert "The password of the J" in wrong.troubles[0]
    assert read_container(data).troubles == ()
    cut = read_container(data[:-300], file)
    assert "cannot be read to its end" in cut.troubles[0]


def test_pem_with_whatever_people_put_around_it(leaf):
    chain = leaf.chain_pem
    assert names(chain) == ["a.test", "Test CA 1"]
    for changed in (
        b"Bag Attributes\n  friendlyName: x\n" + chain + b"trailing \x00 junk",
        chain.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + chain,
        chain.decode().encode("utf-16"),
        chain.replace(b"CERTIFICATE", b"X509 CERTIFICATE"),
        b"-----BEGIN NOTHING\n" + chain,
        chain.replace(b"-----BEGIN CERTIFICATE-----\n", b"-----BEGIN CERTIFICATE-----\nX-A: b\n\n"),
    ):
        assert names(changed) == ["a.test", "Test CA 1"]


def test_a_trusted_certificate_of_openssl(leaf):
    body = b64encode(leaf.der + b"\x30\x03\x0c\x01x")
    pem = b"-----BEGIN TRUSTED CERTIFICATE-----\n%b\n-----END TRUSTED CERTIFICATE-----\n" % body
    read = read_container(pem)
    assert [each.der for each in read.entries] == [leaf.der]
    assert read.entries[0].parsed.errors == ()


def test_der_one_or_several_and_base64_alone(leaf):
    assert names(leaf.der) == ["a.test"]
    assert names(b"".join(leaf.chain)) == ["a.test", "Test CA 1"]
    assert names(b64encode(leaf.der)) == ["a.test"]
    cut = read_container(leaf.der[:-5])
    assert cut.entries == ()
    assert "wants" in cut.troubles[0]
    assert read_container(leaf.der + b"junk").troubles == (
        "4 bytes at its end are no certificate.",
    )


def test_a_private_key_is_noticed_and_not_kept(leaf):
    read = read_container(leaf.key_pem + leaf.chain_pem)
    assert [each.has_key for each in read.entries] == [True, False]
    assert read.notes == ("A private key, which is not kept.",)
    assert leaf.key_pem.splitlines()[1].decode() not in repr(read)


def test_what_it_is_not_is_told(leaf):
    key = b64decode(b"".join(leaf.key_pem.splitlines()[1:-1]))
    for data, words in (
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"# certificates live elsewhere\n", "is text, without a certificate in it"),
        (b"PK\x03\x04rest", "is a ZIP archive: unpack it first"),
        (b"\x7fELF\x00\x00", "in no known format"),
        (leaf.key_pem, "A private key without a certificate"),
        (key, "A private key without a certificate"),
        (_request(), "A certificate signing request"),
        (_revocations(leaf), "A certificate revocation list"),
    ):
        read = read_container(data, "it")
        assert read.entries == read.troubles == ()
        assert words in read.notes[0]


def test_a_broken_one_hides_no_other(leaf):
    broken = leaf.pem.replace(leaf.pem.splitlines()[2], b"AAAA")
    unended = leaf.pem.rpartition(b"-----END")[0]
    read = read_container(broken + leaf.pem + unended)
    assert [each.parsed.common_name for each in read.entries] == ["a.test"]
    assert read.troubles[0] == "A PEM block 'CERTIFICATE' has no end." or len(read.troubles) == 2
    assert any(each.startswith("PEM block 1: This is no certificate") for each in read.troubles)


def test_the_same_certificate_100_000_times_is_one(leaf):
    small = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    began = time.process_time()
    read = read_container(leaf.pem * 10_000)
    assert [(each.count, each.position) for each in read.entries] == [(10_000, 0)]
    empty = read_container(small * 100_000)
    assert (len(empty.entries), len(empty.troubles)) == (0, 1)
    unended = read_container(b"-----BEGIN CERTIFICATE-----\n" * 100_000)
    assert unended.troubles == ("A PEM block 'CERTIFICATE' has no end. (100000 times)",)
    assert time.process_time() - began < 3
    assert "bytes, 16777216 may be" in read_container(leaf.pem * 40_000).troubles[0]


def test_more_certificates_than_a_file_has(monkeypatch, leaf):
    monkeypatch.setattr("certs.x509.containers.contents.MAX_CERTIFICATES", 3)
    assert MAX_CERTIFICATES == 10_000
    read = read_container(b"".join(forge(leaf.der, serial=number(n)) for n in range(5)))
    assert len(read.entries) == 3
    assert "2 are left out" in read.troubles[0]


def test_iterations_without_end_are_not_walked():
    data = (FILES / "3des.p12").read_bytes()
    # The last number is the MAC's, of 2,048; a byte longer each length above it.
    assert data.endswith(b"\x02\x02\x08\x00")
    bomb = data[:-4] + b"\x02\x02\x7f\xff"
    began = time.process_time()
    read = read_container(bomb, "bomb", [str(n) for n in range(1_000)])
    assert time.process_time() - began < 5
    assert "iterations are asked for" in "".join(read.troubles)


def _indefinite(data: bytes) -> bytes:
    """The same in BER, all lengths indefinite and octet strings in pieces."""
    read = element(data)
    if read.tag == OCTET_STRING:
        return b"\x24\x80" + data + b"\x00\x00"
    if not read.tag & 0x20:
        return data
    return bytes((read.tag, 0x80)) + b"".join(_indefinite(c.raw) for c in read.children()) + b"\0\0"


@pytest.mark.parametrize("file", ["aes.p12", "3des.p12", "plain.p12", "bundle.p7b"])
def test_ber_as_nss_and_old_windows_write_it(file):
    data = (FILES / file).read_bytes()
    assert to_definite(_indefinite(data)) == data
    assert names(_indefinite(data), PASSWORD) == ["server.test", "Keystore CA"]
    with pytest.raises(DerError, match="inside each other"):
        to_definite(b"\x30\x80" * 100_000)


def _request() -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    made = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return made.public_bytes(Encoding.DER)


def _revocations(by: Issued) -> bytes:
    builder = x509.CertificateRevocationListBuilder().issuer_name(by.certificate.issuer)
    builder = builder.last_update(NOW).next_update(later(days=1))
    return builder.sign(by.key, hashes.SHA256()).public_bytes(Encoding.DER)

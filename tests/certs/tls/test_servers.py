"""Whatever the server is, its chain is read (cases 18 to 22, 27 and 28 of the survey)."""

import socket
import ssl
import subprocess
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from certs.tls import Result
from tests.certs.pki import Issued
from tests.certs.serving import raw_server, tls_server
from tests.certs.tls.reads import read, server_context

Configure = Callable[[ssl.SSLContext], None]


def only(version: ssl.TLSVersion, ciphers: str = "") -> Configure:
    """A server of one version."""

    def configure(context: ssl.SSLContext) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = version
        if ciphers:
            context.set_ciphers(ciphers)

    return configure


def p521_only(context: ssl.SSLContext) -> None:
    """Which no client guesses: it asks for another ClientHello (HelloRetryRequest)."""
    context.set_ecdh_curve("secp521r1")


def relaxed(context: ssl.SSLContext) -> None:
    """A server with a key that is too small."""
    context.set_ciphers("ALL:@SECLEVEL=0")


@contextmanager
def openssl_server(*options: str | Path) -> Iterator[int]:
    """`openssl s_server`, for what Python's ssl cannot be told; its port."""
    argv = ["openssl", "s_server", "-accept", "127.0.0.1:0", *options]
    argv += ["-cipher", "ALL:@SECLEVEL=0"]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        try:
            line = next(each for each in server.stdout if each.startswith("ACCEPT"))
            yield int(line.rpartition(":")[2])
        finally:
            server.kill()


def closing(context: ssl.SSLContext) -> Callable[[socket.socket], None]:
    """A server that closes as soon as it has shaken hands."""
    return lambda connection: context.wrap_socket(connection, server_side=True).close()


def client_certificate(mode: ssl.VerifyMode, version: ssl.TLSVersion) -> Configure:
    """A server that wants one from its clients."""

    def configure(context: ssl.SSLContext) -> None:
        only(version)(context)
        context.verify_mode = mode

    return configure


@pytest.mark.parametrize("key", ["p256", "p384", "p521", "ed25519", "ed448", "rsa1024", "rsa2048"])
def test_any_key(issuer: Issued, key: str) -> None:
    leaf = issuer.issue("a.test", key=key)
    with tls_server(leaf, configure=relaxed) as server:
        reading = read(server.port, "a.test")
    assert (reading.result, list(reading.chain)) == (Result.OK, leaf.chain)
    assert reading.tls_version == "TLSv1.3"
    assert not reading.legacy
    assert not reading.client_cert_wanted


def test_rsa_pss_key(tmp_path: Path) -> None:
    chain, key = tmp_path / "pss.pem", tmp_path / "pss.key"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"),
            *("-nodes", "-subj", "/CN=pss.test", "-keyout", key, "-out", chain),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    with raw_server(closing(context)) as port:
        reading = read(port)
    assert reading.chain == (ssl.PEM_cert_to_DER_cert(chain.read_text()),)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_modern_versions(issued: Issued, version: ssl.TLSVersion) -> None:
    with tls_server(issued, configure=only(version)) as server:
        reading = read(server.port)
    assert (reading.result, list(reading.chain)) == (Result.OK, issued.chain)
    assert reading.tls_version == version.name.replace("_", ".", 1)
    assert not reading.legacy
    assert server.connections == 1


def test_a_curve_that_nobody_guesses(issued: Issued) -> None:
    with tls_server(issued, configure=p521_only) as server:
        reading = read(server.port)
    assert (reading.result, list(reading.chain)) == (Result.OK, issued.chain)
    assert not reading.client_cert_wanted


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_outdated_versions(issued: Issued, version: ssl.TLSVersion) -> None:
    with tls_server(issued, configure=only(version, "ALL:@SECLEVEL=0")) as server:
        reading = read(server.port)
    assert (reading.result, list(reading.chain)) == (Result.OK, issued.chain)
    assert reading.tls_version == version.name.replace("_", ".")
    assert reading.legacy


@pytest.mark.parametrize("cipher", ["AES128-SHA", "AES256-GCM-SHA384"])
def test_rsa_key_exchange(issuer: Issued, cipher: str) -> None:
    leaf = issuer.issue("a.test", key="rsa2048")
    ciphers = f"{cipher}:@SECLEVEL=0"
    with tls_server(leaf, configure=only(ssl.TLSVersion.TLSv1_2, ciphers)) as server:
        reading = read(server.port)
    assert (reading.result, list(reading.chain)) == (Result.OK, leaf.chain)
    assert (reading.cipher, reading.legacy) == (cipher, True)


def test_signatures_by_sha_1_which_want_security_level_0(issuer: Issued, tmp_path: Path) -> None:
    leaf = issuer.issue("a.test", key="rsa2048")
    chain, key = leaf.write(tmp_path)
    with openssl_server("-cert", chain, "-key", key, "-tls1_2", "-sigalgs", "RSA+SHA1") as port:
        reading = read(port)
    assert (reading.result, reading.chain) == (Result.OK, (leaf.der,))
    assert (reading.legacy, reading.tls_version) == (True, "TLSv1.2")


def test_a_server_that_prefers_what_is_outdated_but_can_do_better(issuer: Issued) -> None:
    def configure(context: ssl.SSLContext) -> None:
        only(ssl.TLSVersion.TLSv1_2, "AES128-SHA:ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0")(context)
        context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE

    with tls_server(issuer.issue("a.test", key="rsa2048"), configure=configure) as server:
        reading = read(server.port)
    assert (reading.result, reading.legacy) == (Result.OK, False)


def test_a_client_certificate_required_by_tls_1_2(issued: Issued) -> None:
    wants = client_certificate(ssl.CERT_REQUIRED, ssl.TLSVersion.TLSv1_2)
    with tls_server(issued, configure=wants) as server:
        reading = read(server.port)
    assert (reading.result, list(reading.chain)) == (Result.OK, issued.chain)
    assert (reading.client_cert_wanted, reading.alert) == (True, 40)
    assert (reading.tls_version, reading.detail) == ("", "handshake_failure")
    assert server.connections == 1


def test_a_client_certificate_required_by_tls_1_3(issued: Issued) -> None:
    wants = client_certificate(ssl.CERT_REQUIRED, ssl.TLSVersion.TLSv1_3)
    with tls_server(issued, configure=wants) as server:
        reading = read(server.port)
    assert (reading.result, list(reading.chain)) == (Result.OK, issued.chain)
    # Its alert 116 comes after the handshake and changes nothing.
    assert (reading.client_cert_wanted, reading.alert, reading.detail) == (True, None, "")
    assert reading.tls_version == "TLSv1.3"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_certificate_that_is_optional(issued: Issued, version: ssl.TLSVersion) -> None:
    with tls_server(issued, configure=client_certificate(ssl.CERT_OPTIONAL, version)) as server:
        reading = read(server.port)
    assert (reading.result, reading.client_cert_wanted, reading.alert) == (Result.OK, True, None)
    assert reading.tls_version


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_that_closes_right_after_the_handshake(
    issued: Issued, version: ssl.TLSVersion
) -> None:
    with server_context(issued) as context:
        only(version)(context)
        with raw_server(closing(context)) as port:
            reading = read(port)
    assert (reading.result, list(reading.chain)) == (Result.OK, issued.chain)
    assert reading.detail == ""


def test_ipv6(issued: Issued) -> None:
    with tls_server(issued, address="::1") as server:
        assert list(read(server.port, address="::1").chain) == issued.chain
        assert list(read(server.port, address="0:0:0:0:0:0:0:1").chain) == issued.chain


def test_a_chain_in_the_order_it_is_served(issuer: Issued, issued: Issued) -> None:
    assert issued.root is not None
    issued_again = Issued(issued.certificate, issued.key, [issued.root, issuer, issued])
    with tls_server(issued_again) as server:
        reading = read(server.port)
    assert list(reading.chain) == [issued.der, issued.root.der, issuer.der, issued.der]


def test_many_names_in_more_than_one_record(issuer: Issued) -> None:
    leaf = issuer.issue(
        *(f"host-{number:04}.some-long-domain.example.test" for number in range(1000))
    )
    assert len(leaf.der) > 2 * 16 * 1024
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        with tls_server(leaf, configure=only(version)) as server:
            assert list(read(server.port).chain) == leaf.chain

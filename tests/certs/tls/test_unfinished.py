"""What is beyond OpenSSL, where the certificates come in the clear."""

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

import pytest

from certs.tls import Reading, Result, Target, read_all
from certs.tls.unfinished import client_hello
from tests.certs.pki import Issued
from tests.certs.serving import raw_server, tls_server
from tests.certs.tls.reads import finish, read

ALERT = b"\x15\x03\x00\x00\x02\x02\x28"


def message(kind: int, content: bytes) -> bytes:
    """Of a handshake."""
    return bytes([kind]) + len(content).to_bytes(3) + content


def flight(chain: list[bytes], *, version: int = 0x0300, cipher: int = 0x0005) -> bytes:
    """What a server answers: ServerHello, Certificate, CertificateRequest, ServerHelloDone."""
    hello = version.to_bytes(2) + bytes(32) + b"\x02id" + cipher.to_bytes(2) + b"\x00"
    listed = b"".join(len(each).to_bytes(3) + each for each in chain)
    return (
        message(2, hello)
        + message(11, len(listed).to_bytes(3) + listed)
        + message(13, b"\x01\x01\x00\x00")
        + message(14, b"")
    )


def records(messages: bytes, size: int = 16_384) -> bytes:
    """Of at most so many bytes each."""
    pieces = [messages[at : at + size] for at in range(0, len(messages), size)]
    return b"".join(b"\x16\x03\x00" + len(each).to_bytes(2) + each for each in pieces)


def old_server(answer: bytes) -> Callable[[socket.socket], None]:
    """Knows nothing of what OpenSSL offers; answers what offers export ciphers."""

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            said = connection.recv(4096)
            connection.sendall(answer if b"\x00\x08\x00\x09" in said else ALERT)
            finish(connection)

    return serve


def served(answer: bytes) -> Reading:
    """By such a server."""
    with raw_server(old_server(answer)) as port:
        return read(port, "a.test")


def only_tls_1_3(context: ssl.SSLContext) -> None:
    """Where certificates are encrypted."""
    context.minimum_version = ssl.TLSVersion.TLSv1_3


@pytest.mark.parametrize("size", [1, 100, 16_384])
def test_sslv3(issued: Issued, size: int) -> None:
    reading = served(records(flight(issued.chain), size))
    assert (reading.result, list(reading.chain)) == (Result.OK, issued.chain)
    assert (reading.legacy, reading.client_cert_wanted) == (True, True)
    # Why it was not read otherwise; nothing was negotiated.
    assert (reading.alert, reading.detail, reading.tls_version) == (40, "handshake_failure", "")


@pytest.mark.parametrize(
    ("version", "cipher", "legacy"),
    [(0x0303, 0xC02B, False), (0x0303, 0x002F, True), (0x0302, 0xC02B, True)],
)
def test_what_is_outdated(issued: Issued, version: int, cipher: int, legacy: bool) -> None:
    assert served(records(flight(issued.chain, version=version, cipher=cipher))).legacy is legacy


def test_a_small_curve(issuer: Issued) -> None:
    leaf = issuer.issue("a.test", key="p192")
    relaxed: Callable[[ssl.SSLContext], None] = lambda c: c.set_ciphers("ALL:@SECLEVEL=0")  # noqa: E731
    with tls_server(leaf, configure=relaxed) as server:
        reading = read(server.port, "a.test")
    assert (reading.result, list(reading.chain)) == (Result.OK, leaf.chain)


def test_a_chain_that_is_too_long_for_openssl(issuer: Issued) -> None:
    leaf = issuer.issue(*(f"host-{number:05}.test" for number in range(10_000)))
    assert len(leaf.der) > 100 * 1024
    with tls_server(leaf) as server:
        reading = read(server.port)
    assert (reading.result, list(reading.chain)) == (Result.OK, leaf.chain)
    assert "100 KiB" in reading.detail
    assert not reading.legacy
    with tls_server(leaf, configure=only_tls_1_3) as server:
        reading = read(server.port)
    assert (reading.result, reading.chain) == (Result.PARSE, ())
    assert "100 KiB" in reading.detail


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        ALERT,
        b"\x15\x03\x00\x00\x00",
        b"\x17\x03\x03\x00\x01\x00",
        b"\x16\x02\x00\x00\x01\x00",
        records(message(2, b"")),
        records(message(11, b"\x00\x00\x09\x00\x00\x06abc") + message(14, b"")),
        records(message(14, b"")),
        records(message(11, bytes(70_000)) * 20),
    ],
)
def test_what_makes_no_sense_leaves_the_first_answer(answer: bytes) -> None:
    reading = served(answer)
    assert (reading.result, reading.alert, reading.chain) == (Result.ALERT, 40, ())


def test_a_chain_before_a_close_is_kept(issued: Issued) -> None:
    reading = served(records(flight(issued.chain)[:-4]))
    assert (reading.result, list(reading.chain)) == (Result.OK, issued.chain)


@pytest.mark.parametrize("name", ["", "a.test", "x" * 250])
def test_lengths_of_the_hello_add_up(name: str) -> None:
    hello = client_hello(name)
    assert int.from_bytes(hello[3:5]) == len(hello) - 5
    assert int.from_bytes(hello[6:9]) == len(hello) - 9
    assert name.encode() in hello


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_fast_reads_the_same(issued: Issued, version: ssl.TLSVersion) -> None:
    def configure(context: ssl.SSLContext) -> None:
        context.minimum_version = version

    with tls_server(issued, configure=configure) as server:
        target = Target("127.0.0.1", server.port, "tls", "a.test")
        (reading,) = read_all([target], fast=True)
    assert (reading.result, list(reading.chain)) == (Result.OK, issued.chain)
    assert (reading.detail, reading.alert, reading.legacy) == ("", None, False)
    # Where certificates are encrypted, there is no way around the whole handshake.
    newest = version is ssl.TLSVersion.TLSv1_3
    assert (reading.tls_version, server.connections) == (("TLSv1.3", 2) if newest else ("", 1))


def test_fast_finds_out_what_is_outdated(issuer: Issued) -> None:
    def configure(context: ssl.SSLContext) -> None:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("AES128-SHA:@SECLEVEL=0")

    with tls_server(issuer.issue("a.test", key="rsa2048"), configure=configure) as server:
        (reading,) = read_all([Target("127.0.0.1", server.port)], fast=True)
    assert (reading.result, reading.legacy) == (Result.OK, True)

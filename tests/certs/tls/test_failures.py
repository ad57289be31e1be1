"""Where there is no chain, the precise reason (cases 23 to 26 of the survey)."""

import socket
import ssl
import threading
import time
from contextlib import suppress

import pytest

from certs.tls import Result
from certs.tls.starttls import USUAL_PROTOCOLS
from tests.certs.pki import Issued
from tests.certs.serving import raw_server
from tests.certs.tls.reads import finish, greet, hang, read, reset, say, server_context


def test_a_port_where_nothing_listens() -> None:
    with socket.socket() as bound:
        # Bound and not listening: nobody else gets this port meanwhile.
        bound.bind(("127.0.0.1", 0))
        reading = read(bound.getsockname()[1])
    assert (reading.result, reading.detail) == (Result.REFUSED, "connection refused")


def test_a_server_that_hangs_ends_in_time() -> None:
    with raw_server(hang) as port:
        began = time.monotonic()
        reading = read(port, timeout=1.0)
        took = time.monotonic() - began
    assert reading.result is Result.TIMEOUT_HANDSHAKE
    assert reading.detail == "still shaking hands after 1 s"
    assert 0.9 <= took <= 1.1
    assert 900 <= reading.latency_ms <= 1100


def test_a_port_that_answers_nothing_ends_in_time() -> None:
    # A full backlog: the kernel drops further SYNs.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        with socket.create_connection(address, 5):
            reading = read(address[1], timeout=0.3)
    assert reading.result is Result.TIMEOUT_CONNECT
    assert reading.detail == "still connecting after 0.3 s"


def test_a_server_that_drips(issued: Issued) -> None:
    """16 bytes every 10 ms: slow, and within the deadline."""

    def drip(connection: socket.socket) -> None:
        ours, theirs = socket.socketpair()

        def shake() -> None:
            with suppress(OSError), context.wrap_socket(theirs, server_side=True) as secured:
                secured.recv(1)

        threading.Thread(target=shake, daemon=True).start()
        with connection, ours, suppress(OSError):
            ours.sendall(connection.recv(4096))
            while data := ours.recv(16):
                connection.sendall(data)
                time.sleep(0.01)

    with server_context(issued) as context, raw_server(drip) as port:
        whole, cut = read(port), read(port, timeout=0.25)
    assert (whole.result, list(whole.chain)) == (Result.OK, issued.chain)
    assert whole.latency_ms > 300
    # The deadline is of everything together, not of each packet.
    assert cut.result is Result.TIMEOUT_HANDSHAKE
    assert cut.latency_ms < 350


@pytest.mark.parametrize(
    ("words", "speaks"),
    [
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", "ssh"),
        (b"220 mx.test ESMTP Postfix\r\n", "smtp"),
        (b"220-Welcome\r\n220 mx.test ESMTP\r\n", "smtp"),
        (b"220 (vsFTPd 3.0.3)\r\n", "ftp"),
        (b"220 lists.test LMTP ready\r\n", "lmtp"),
        (b"* OK [CAPABILITY IMAP4rev1] Dovecot ready.\r\n", "imap"),
        (b"+OK Dovecot ready.\r\n", "pop3"),
        (b"200 news.test InterNetNews ready\r\n", "nntp"),
        (b'"IMPLEMENTATION" "Dovecot Pigeonhole"\r\n', "sieve"),
        (b"J\x00\x00\x00\x0a8.0.36\x00", "mysql"),
        (b"RFB 003.008\n", "vnc"),
        (b"\xff\xfd\x18", "telnet"),
        (b"hello\r\n", ""),
    ],
)
def test_what_speaks_first_is_told(words: bytes, speaks: str) -> None:
    with raw_server(greet(words)) as port:
        reading = read(port)
    assert reading.result is Result.NOT_TLS
    assert reading.facts.get("speaks", "") == speaks
    assert reading.detail == (f"no TLS came: {speaks}" if speaks else "no TLS came")
    assert reading.facts["first_bytes"].startswith(words[:1].decode("ascii", "backslashreplace"))


def test_words_that_come_in_pieces() -> None:
    def answer(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, suppress(OSError):
            for each in b"SSH-2.0-x\r\n":
                connection.sendall(bytes([each]))
            finish(connection)

    with raw_server(answer) as port:
        reading = read(port)
    assert (reading.result, reading.facts["speaks"]) == (Result.NOT_TLS, "ssh")


def test_a_server_that_waits_for_another_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which says nothing to a ClientHello: the port tells."""
    with raw_server(say(b"")) as port:
        monkeypatch.setitem(USUAL_PROTOCOLS, port, "ldap")
        closed, asked = read(port), read(port, protocol="ldap")
    assert closed.result is asked.result is Result.CLOSED
    assert closed.detail.endswith(f"on port {port} it is usually ldap, which begins in the clear")
    assert "usually" not in asked.detail


def test_plain_http() -> None:
    answer = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n" + b"x" * 500
    with raw_server(say(answer)) as port:
        reading = read(port)
    assert (reading.result, reading.facts["speaks"]) == (Result.NOT_TLS, "http")
    assert reading.facts["first_bytes"].startswith("HTTP/1.1 400 Bad Request\\x0d\\x0aConn")
    assert len(reading.facts["first_bytes"]) < 200


def test_a_reset_after_the_hello() -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(4096)
        reset(connection)

    with raw_server(answer) as port:
        reading = read(port)
    assert (reading.result, reading.detail) == (Result.RESET, "connection reset")


def test_a_close_after_the_hello() -> None:
    with raw_server(say(b"")) as port:
        reading = read(port)
    assert (reading.result, reading.detail) == (Result.CLOSED, "closed during the handshake")


def test_a_close_within_a_record() -> None:
    with raw_server(say(b"\x16\x03\x03\x00\x7a\x02")) as port:
        assert read(port).result is Result.CLOSED


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (40, "handshake_failure"),
        (49, "access_denied"),
        (70, "protocol_version"),
        (80, "internal_error"),
        (120, "no_application_protocol"),
        (200, "unknown alert"),
    ],
)
def test_alerts_have_number_and_name(number: int, name: str) -> None:
    with raw_server(say(b"\x15\x03\x03\x00\x02\x02" + bytes([number]))) as port:
        reading = read(port)
    assert (reading.result, reading.alert, reading.detail) == (Result.ALERT, number, name)


@pytest.mark.parametrize(
    "answer",
    [
        b"\x16\x03\x03\x00\x04\x63\x00\x00\x00",
        b"\x16\x03\x03\x00\x04\x02\x00\x00\x00",
        b"\x16\x03\x03\xff\xff" + bytes(70_000),
        b"\x15\x03\x03\x00\x01\x02",
    ],
)
def test_a_handshake_that_makes_no_sense(answer: bytes) -> None:
    with raw_server(say(answer)) as port:
        reading = read(port)
    assert reading.result is Result.PARSE
    assert reading.detail
    assert reading.detail.isprintable()


def test_a_server_without_a_certificate() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("aNULL:@SECLEVEL=0")

    def answer(connection: socket.socket) -> None:
        with suppress(OSError):
            context.wrap_socket(connection, server_side=True).close()

    with raw_server(answer) as port:
        reading = read(port)
    assert (reading.result, reading.alert) == (Result.ALERT, 40)


def test_a_hello_that_never_ends() -> None:
    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(4096)
            # Warnings that change nothing, for ever.
            while True:
                connection.sendall(b"\x15\x03\x03\x00\x02\x01\x5a" * 1000)

    with raw_server(answer) as port:
        reading = read(port)
    assert reading.result in {Result.PARSE, Result.ALERT}


def test_a_chain_that_came_before_silence_is_kept(issued: Issued) -> None:
    """The server's part of a TLS 1.2 handshake, and then nothing more."""

    def answer(connection: socket.socket) -> None:
        ours, theirs = socket.socketpair()

        def shake() -> None:
            with suppress(OSError):
                context.wrap_socket(theirs, server_side=True)

        threading.Thread(target=shake, daemon=True).start()
        with connection, ours, suppress(OSError):
            ours.sendall(connection.recv(4096))
            connection.sendall(ours.recv(65536))
            hang(connection)

    with server_context(issued) as context, raw_server(answer) as port:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        reading = read(port, timeout=0.4)
    assert (reading.result, list(reading.chain)) == (Result.OK, issued.chain)
    assert (reading.tls_version, reading.detail) == ("", "still shaking hands after 0.4 s")


@pytest.mark.parametrize(
    ("address", "port", "words"),
    [
        ("localhost", 443, "'localhost' is no address"),
        ("127.0.0.1\0", 443, "'127.0.0.1' is no address"),
        ("\ud800", 443, "is no address"),
        ("x" * 1000, 443, "is no address"),
        ("127.0.0.1", 0, "no port"),
        ("127.0.0.1", 70_000, "no port"),
    ],
)
def test_what_cannot_be_an_address(address: str, port: int, words: str) -> None:
    reading = read(port, address=address)
    assert reading.result is Result.UNREACHABLE
    assert words in reading.detail


def test_no_protocol() -> None:
    with pytest.raises(ValueError, match="gopher"):
        read(70, protocol="gopher")

"""SNI: the name that was asked for is what is answered for (case 28 of the survey)."""

import socket
import ssl
import threading
from typing import Any

import pytest

from certs.tls import Reading, Result, Target, read_all
from tests.certs.pki import Issued
from tests.certs.serving import raw_server, tls_server
from tests.certs.tls.reads import read, say


def strict(context: ssl.SSLContext) -> None:
    """Knows one name, and takes none at all as well."""

    def choose(sock: Any, name: str | None, _: ssl.SSLContext) -> int | None:
        known = name is None or name == "a.test"
        return None if known else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME

    context.sni_callback = choose


def test_each_name_has_its_chain(issuer: Issued, issued: Issued) -> None:
    chains = {"a.test": issuer.issue("a.test"), "b.test": issuer.issue("b.test")}
    expected = {name: each.chain for name, each in chains.items()} | {"": issued.chain}
    with tls_server(issued, by_name=chains) as server:
        targets = [
            Target("127.0.0.1", server.port, "tls", name) for name in expected for _ in range(10)
        ]
        readings: list[Reading] = list(read_all(targets, per_host=30))
    assert len(readings) == 30
    for each in readings:
        assert list(each.chain) == expected[each.target.server_name]
        assert not each.without_server_name


def test_an_unknown_name_is_read_without_one_and_said_so(issued: Issued) -> None:
    with tls_server(issued, configure=strict) as server:
        known, unknown = read(server.port, "a.test"), read(server.port, "b.test")
    assert (known.alert, known.without_server_name) == (None, False)
    assert (unknown.result, list(unknown.chain)) == (Result.OK, issued.chain)
    assert (unknown.alert, unknown.without_server_name) == (112, True)


def test_a_server_that_knows_no_name_and_takes_none_either(issued: Issued) -> None:
    def refuse(context: ssl.SSLContext) -> None:
        context.sni_callback = lambda *_: ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME

    with tls_server(issued, configure=refuse) as server:
        reading = read(server.port, "b.test")
    assert (reading.result, reading.alert, reading.detail) == (
        Result.ALERT,
        112,
        "unrecognized_name",
    )


def test_a_server_that_is_gone_at_the_second_try_is_told_by_the_first() -> None:
    def answer(connection: socket.socket) -> None:
        listener.close()
        say(b"\x15\x03\x03\x00\x02\x02\x70")(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        server = threading.Thread(target=lambda: answer(listener.accept()[0]))
        server.start()
        reading = read(port, "b.test")
        server.join()
    assert (reading.result, reading.alert) == (Result.ALERT, 112)


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ("xn--bcher-kva.test", "xn--bcher-kva.test"),
        ("bücher.test", "xn--bcher-kva.test"),
        ("a.test.", "a.test"),
        ("_sip.a.test", "_sip.a.test"),
    ],
)
def test_names_as_they_are_sent(issued: Issued, asked: str, sent: str) -> None:
    heard: list[str | None] = []

    def hear(context: ssl.SSLContext) -> None:
        context.sni_callback = lambda _, name, __: heard.append(name)

    with tls_server(issued, configure=hear) as server:
        assert read(server.port, asked).result is Result.OK
    assert heard == [sent]


NO_NAMES = [
    "a..test", "x" * 64 + ".test", ".test", "a\0b.test", "\ud800.test", "a." * 200,
    "10.0.0.1", "::1",
]  # fmt: skip


@pytest.mark.parametrize("name", NO_NAMES)
def test_what_is_no_host_name_is_not_sent(issued: Issued, name: str) -> None:
    with tls_server(issued) as server:
        reading = read(server.port, name)
    assert (reading.result, reading.without_server_name) == (Result.OK, True)


@pytest.mark.parametrize("name", NO_NAMES)
def test_nor_is_it_in_the_clear(issued: Issued, name: str) -> None:
    hello: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        hello.append(connection.recv(4096, socket.MSG_PEEK))
        say(b"<none/>")(connection)

    with raw_server(answer) as port:
        reading = read(port, name, protocol="xmpp")
    assert (reading.result, reading.without_server_name) == (Result.CLOSED, True)
    assert b'to="127.0.0.1"' in hello[0]

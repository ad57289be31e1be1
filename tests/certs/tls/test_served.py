"""The chain as each version of Python tells it."""

import ssl
from contextlib import suppress

import pytest

from certs.tls.served import certificates_of, overhear, overheard_chain, served_chain
from tests.certs.pki import Issued
from tests.certs.tls.reads import server_context

VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


def handshake(client: ssl.SSLContext, server: ssl.SSLContext) -> ssl.SSLObject:
    """A handshake in memory; the client's end of it."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(4):
        for end in ends:
            with suppress(ssl.SSLWantReadError):
                end.do_handshake()
    return ends[0]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_certificate_message_says_what_python_says(
    issued: Issued, version: ssl.TLSVersion
) -> None:
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    client.maximum_version = version
    overhear(client)
    with server_context(issued) as server:
        connection, other = handshake(client, server), handshake(client, server)
    assert connection.version() == version.name.replace("_", ".", 1)
    assert list(served_chain(connection)) == issued.chain
    assert list(overheard_chain(connection)) == list(overheard_chain(other)) == issued.chain


def test_no_chain_before_there_is_one() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO())
    assert served_chain(connection) == overheard_chain(connection) == ()


@pytest.mark.parametrize("version", [0x0303, 0x0304])
def test_a_message_that_is_cut_short_gives_what_is_whole(version: int) -> None:
    newer = version == 0x0304
    entries = [(3).to_bytes(3) + text + (b"\0\0" if newer else b"") for text in (b"one", b"two")]
    message = b"\x0b\0\0\0" + (b"\0" if newer else b"") + b"\0\0\0" + b"".join(entries)
    assert certificates_of(message, version) == (b"one", b"two")
    for end in range(len(message)):
        assert certificates_of(message[:end], version) in {(), (b"one",), (b"one", b"two")}

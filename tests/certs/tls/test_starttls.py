"""STARTTLS: each protocol goes over to TLS, however its server cuts and decorates its words."""

import re

import pytest

from certs.tls import PROTOCOLS, Result
from tests.certs.pki import Issued
from tests.certs.serving import raw_server
from tests.certs.tls.reads import greet, hang, read, talking_server

LDAP_OK = b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"
XMPP = (
    b"<?xml version='1.0'?><stream:stream from='a.test' xmlns='jabber:client' version='1.0'"
    b" xmlns:stream='http://etherx.jabber.org/streams'>"
)
MYSQL = b"\x0a8.0.36\x00" + bytes(4) + b"scramble" + b"\x00" + b"\xff\xff" + bytes(54)
Step = bytes | re.Pattern[bytes]


def heard(pattern: bytes) -> re.Pattern[bytes]:
    """What the client must have said, whole."""
    return re.compile(pattern, re.DOTALL)


def packet(payload: bytes) -> bytes:
    """MySQL's first."""
    return len(payload).to_bytes(3, "little") + b"\x00" + payload


TALKS: dict[str, list[list[Step]]] = {
    "smtp": [
        [b"220 mx.test ESMTP\r\n", heard(rb"EHLO \[127\.0\.0\.1\]\r\n"),
         b"250-mx.test\r\n250-SIZE 1000\r\n250-STARTTLS\r\n250 HELP\r\n", heard(rb"STARTTLS\r\n"),
         b"220 2.0.0 Ready\r\n"],
        [b"220-mx.test\r\n220-220 is not the end\r\n220 ESMTP\r\n", heard(rb"EHLO .*"),
         b"250-mx.test\n250 starttls \n", heard(rb"STARTTLS\r\n"), b"220\r\n"],
    ],
    "lmtp": [[b"220 lists.test LMTP\r\n", heard(rb"LHLO .*"), b"250-x\r\n250 STARTTLS\r\n",
              heard(rb"STARTTLS\r\n"), b"220 go\r\n"]],
    "imap": [
        [b"* OK IMAP4rev1\r\n", heard(rb"a1 STARTTLS\r\n"), b"a1 OK Begin\r\n"],
        [b"* ok\r\n", heard(rb"a1 .*"), b"* CAPABILITY IMAP4rev1\r\n* OK still\r\nA1 ok\r\n"],
    ],
    "pop3": [[b"+OK ready\r\n", heard(rb"STLS\r\n"), b"+OK begin\r\n"]],
    "ftp": [
        [b"220 ready\r\n", heard(rb"AUTH TLS\r\n"), b"234 go\r\n"],
        [b"120 in 1 minute\r\n220-Welcome\r\nto 230 files\r\n 220 indented\r\n220-more\r\n",
         b"220 end\r\n", heard(rb"AUTH TLS\r\n"), b"234-AUTH\r\n234 go\r\n"],
    ],
    "ldap": [
        [heard(rb"\x30\x1d\x02\x01\x01\x77\x18\x80\x161\.3\.6\.1\.4\.1\.1466\.20037"), LDAP_OK],
        [heard(rb".*"), b"\x30\x84\x00\x00\x00\x10\x02\x01\x01\x78\x84\x00\x00\x00\x07"
         b"\x0a\x01\x00\x04\x00\x04\x00"],
    ],
    "xmpp": [
        [heard(rb"<\?xml.*to=\"a\.test\".*xmlns='jabber:client'.*>"),
         XMPP + b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/>"
         b"</starttls></stream:features>", heard(rb"<starttls xmlns=.*/>"),
         b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"],
    ],
    "xmpp-server": [
        [heard(rb".*xmlns='jabber:server'.*"),
         XMPP + b"<features xmlns='http://etherx.jabber.org/streams'><starttls "
         b"xmlns=\"urn:ietf:params:xml:ns:xmpp-tls\"/></features>", heard(rb"<starttls .*"),
         b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'></proceed>"],
    ],
    "postgres": [[heard(rb"\x00\x00\x00\x08\x04\xd2\x16\x2f"), b"S"]],
    "mysql": [[packet(MYSQL), heard(rb"\x20\x00\x00\x01\x00\x8a\x00\x00.{28}")]],
    "sieve": [
        [b'"IMPLEMENTATION" "x"\r\n"SIEVE" "fileinto"\r\n"STARTTLS"\r\nOK "ready"\r\n',
         heard(rb"STARTTLS\r\n"), b"OK\r\n"],
    ],
    "nntp": [[b"201 news\r\n", heard(rb"STARTTLS\r\n"), b"382 go\r\n"]],
}  # fmt: skip


def talks() -> list[tuple[str, list[Step]]]:
    """Each as a case of its own."""
    return [(protocol, steps) for protocol, cases in TALKS.items() for steps in cases]


def test_every_protocol_is_tested() -> None:
    assert set(TALKS) == set(PROTOCOLS) - {"tls"}


@pytest.mark.parametrize("split", [False, True], ids=["whole", "split"])
@pytest.mark.parametrize(("protocol", "steps"), talks())
def test_a_protocol_goes_over_to_tls(
    issued: Issued, protocol: str, steps: list[Step], split: bool
) -> None:
    with talking_server(issued, *steps, split=split) as port:
        reading = read(port, "a.test", protocol=protocol)
    assert (reading.result, reading.detail) == (Result.OK, "")
    assert list(reading.chain) == issued.chain


REFUSALS: list[tuple[str, list[Step], str]] = [
    ("smtp", [b"554 no SMTP service here\r\n"], "554 no SMTP service here"),
    ("smtp", [b"220 x\r\n", heard(rb"EHLO .*"), b"250-mx.test\r\n250 SIZE 1\r\n"],
     "not offered, only: SIZE 1"),
    ("smtp", [b"220 x\r\n", heard(rb"EHLO .*"), b"502 5.5.1 not here\r\n"], "502 5.5.1 not here"),
    ("smtp", [b"220 x\r\n", heard(rb".*"), b"250-x\r\n250 STARTTLS\r\n", heard(rb".*"),
              b"454 4.7.0 TLS not available\r\n"], "454 4.7.0 TLS not available"),
    ("imap", [b"* BYE too many\r\n"], "BYE too many"),
    ("imap", [b"* OK\r\n", heard(rb".*"), b"a1 BAD unknown\r\n"], "BAD unknown"),
    ("pop3", [b"+OK\r\n", heard(rb".*"), b"-ERR unknown command\r\n"], "-ERR unknown command"),
    ("ftp", [b"220 x\r\n", heard(rb".*"), b"530 Please log in.\r\n"], "530 Please log in."),
    ("ldap", [heard(rb".*"), b"\x30\x12\x02\x01\x01\x78\x0d\x0a\x01\x34\x04\x00\x04\x06no TLS"],
     "resultCode 52 no TLS"),
    ("xmpp", [heard(rb".*"), XMPP + b"<stream:features/>"], "not offered"),
    ("xmpp", [heard(rb".*"), XMPP, b"<stream:error><host-unknown/></stream:error></stream:stream>"],
     "host-unknown"),
    ("postgres", [heard(rb".*"), b"N"], "N: the server does not do SSL"),
    ("postgres", [heard(rb".*"), b"E\x00\x00\x00\x1aSFATAL\x00Mtoo many\x00\x00" + b"\x00" * 5],
     "too many"),
    ("mysql", [packet(MYSQL.replace(b"\xff\xff", b"\xff\xf7"))], "not offered, only: 8.0.36"),
    ("mysql", [packet(b"\xff\x6a\x04#08004Host is blocked.")], "Host is blocked."),
    ("sieve", [b'"IMPLEMENTATION" "x"\r\nOK\r\n'], "not offered"),
    ("sieve", [b'BYE "full"\r\n'], 'BYE "full"'),
    ("nntp", [b"200 x\r\n", heard(rb".*"), b"580 cannot\r\n"], "580 cannot"),
    # What would steer a terminal or a page.
    ("smtp", [b"554 \x1b[31mred\x00\xe2\x80\xaetxt\xff<b>\r\n"], "554 [31mred txt\\xff<b>"),
]  # fmt: skip


@pytest.mark.parametrize(("protocol", "steps", "words"), REFUSALS)
def test_a_refusal_is_told_in_the_server_s_words(
    issued: Issued, protocol: str, steps: list[Step], words: str
) -> None:
    with talking_server(issued, *steps) as port:
        reading = read(port, protocol=protocol)
    assert reading.result is Result.STARTTLS_REFUSED
    assert words in reading.detail
    assert reading.detail.isprintable()
    assert len(reading.detail) <= 250


@pytest.mark.parametrize("protocol", sorted(set(PROTOCOLS) - {"tls"}))
@pytest.mark.parametrize("flood", [b"\xff" * 200_000, b"1" * 200_000, b"220-\r\n" * 50_000])
def test_what_is_not_the_protocol_is_told(protocol: str, flood: bytes) -> None:
    with raw_server(greet(flood)) as port:
        reading = read(port, protocol=protocol)
    assert reading.result is Result.NOT_TLS
    assert reading.facts["first_bytes"]


def test_another_protocol_is_recognized() -> None:
    with raw_server(greet(b"SSH-2.0-x\r\n")) as port:
        reading = read(port, protocol="smtp")
    assert (reading.result, reading.facts["speaks"]) == (Result.NOT_TLS, "ssh")


@pytest.mark.parametrize("protocol", sorted(set(PROTOCOLS) - {"tls"}))
def test_silence_ends_in_time(protocol: str) -> None:
    with raw_server(hang) as port:
        reading = read(port, protocol=protocol, timeout=0.1)
    assert reading.result is Result.TIMEOUT_HANDSHAKE
    assert reading.detail == "still waiting for STARTTLS after 0.1 s"

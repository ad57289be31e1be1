"""What speaks where TLS was expected, by its first bytes."""

import re

# The first that matches is it. Protocols of certs.tls.starttls have their name there.
_SIGNS = (
    ("http", rb"HTTP/|<!DOCTYPE|<html"),
    ("ssh", rb"SSH-"),
    ("imap", rb"\* (OK|PREAUTH|BYE)"),
    ("pop3", rb"\+OK|-ERR .*POP"),
    ("lmtp", rb"220[ -][^\r\n]*LMTP"),
    ("ftp", rb"220[ -][^\r\n]*(FTP|FileZilla)"),
    ("smtp", rb"(220|421|554)[ -]"),
    ("nntp", rb"20[01] "),
    ("sieve", rb'"IMPLEMENTATION"|"SIEVE"'),
    ("xmpp", rb"<\?xml|<stream"),
    ("mysql", rb"...\x00(\x0a[0-9]|\xff)"),
    ("postgres", rb"E\x00\x00|EFATAL|N\Z"),
    ("ldap", rb"\x30.\x02\x01"),
    ("rdp", rb"\x03\x00\x00"),
    ("amqp", rb"AMQP"),
    ("redis", rb"-ERR|-NOAUTH|-DENIED"),
    ("vnc", rb"RFB "),
    ("telnet", rb"\xff[\xfb-\xfe]"),
)
_COMPILED = [
    (name, re.compile(sign, re.DOTALL | re.IGNORECASE if name == "ftp" else re.DOTALL))
    for name, sign in _SIGNS
]


def spoken(first: bytes) -> str:
    """The protocol that begins like this, such as "smtp"; empty: none that is known."""
    return next((name for name, sign in _COMPILED if sign.match(first)), "")


def is_record(first: bytes) -> bool:
    """Whether this may begin a record of TLS that a server sends first: a handshake or an alert."""
    return first[:1] in (b"\x15", b"\x16") and first[1:2] in (b"\x03", b"")

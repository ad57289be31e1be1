"""Protocols that begin in the clear and go over to TLS: one module for each."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from certs.tls.reading import Target
from certs.tls.starttls import (
    ftp,
    imap,
    ldap,
    mysql,
    nntp,
    pop3,
    postgres,
    sieve,
    smtp,
    xmpp,
)
from certs.tls.wire import Wire

# Speaks until the next byte from either side is TLS. Raises Failed.
Upgrade = Callable[[Wire, Target], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Protocol:
    """`ports`: where it is usually spoken, the first before all; `upgrade`: None where TLS begins
    at once."""

    title: str
    ports: tuple[int, ...]
    upgrade: Upgrade | None
    source: str


PROTOCOLS: dict[str, Protocol] = {
    "tls": Protocol("TLS", (443,), None, "RFC 8446"),
    "smtp": Protocol("SMTP", (25, 587), smtp.upgrade, "RFC 3207"),
    "lmtp": Protocol("LMTP", (24,), smtp.upgrade_lmtp, "RFC 2033, RFC 3207"),
    "imap": Protocol("IMAP", (143,), imap.upgrade, "RFC 9051, 6.2.1"),
    "pop3": Protocol("POP3", (110,), pop3.upgrade, "RFC 2595, 4"),
    "ftp": Protocol("FTP", (21,), ftp.upgrade, "RFC 4217"),
    "ldap": Protocol("LDAP", (389,), ldap.upgrade, "RFC 4511, 4.14"),
    "xmpp": Protocol("XMPP, clients", (5222,), xmpp.upgrade, "RFC 6120, 5"),
    "xmpp-server": Protocol("XMPP, servers", (5269,), xmpp.upgrade_server, "RFC 6120, 5"),
    "postgres": Protocol(
        "PostgreSQL", (5432,), postgres.upgrade, "PostgreSQL protocol 3, SSLRequest"
    ),
    "mysql": Protocol("MySQL, MariaDB", (3306,), mysql.upgrade, "MySQL protocol, SSLRequest"),
    "sieve": Protocol("ManageSieve", (4190,), sieve.upgrade, "RFC 5804, 2.2"),
    "nntp": Protocol("NNTP", (119,), nntp.upgrade, "RFC 4642"),
}
# By port.
USUAL_PROTOCOLS = {port: slug for slug, each in PROTOCOLS.items() for port in each.ports}

"""A list of hosts to connect to."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from certs.normalise import Found, FoundEndpoint, FoundTrouble, canonical_endpoint
from certs.sources.source import Ask, CertificateSource, Option
from certs.tls import PROTOCOLS
from opsportal.lib.errors import FieldError, PayloadError


class TlsEndpoints(CertificateSource):
    """Hosts that people name, such as `api.example.com`, `[2001:db8::1]:8443`, `smtp://mx:25`."""

    slug = "endpoints"
    label = "Hosts"
    noun = "line"
    help = "Names and addresses to connect to; each is looked at by itself."
    options = (
        Option(
            "hosts", "Hosts", kind="lines", required=True,
            help="One each line: host, host:port, protocol://host:port; "
            "after a space the server name to ask for, where it is another.",
        ),
    )  # fmt: skip

    def check(self, options: Mapping[str, Any], secret: Mapping[str, Any]) -> list[FieldError]:
        """Every line that cannot be read."""
        wrong = []
        for line in options.get("hosts") or ():
            try:
                parse_endpoint(line)
            except PayloadError as error:
                wrong.append(FieldError("hosts", f"{line[:100]}: {error.message}"))
        return wrong

    def look(self, ask: Ask) -> Iterator[Found]:
        """Each line; one that cannot be read is a trouble of its own."""
        for line in ask.options.get("hosts") or ():
            try:
                yield parse_endpoint(line)
            except PayloadError as error:
                yield FoundTrouble(line, error.message)


def parse_endpoint(line: str) -> FoundEndpoint:
    """`[protocol://]host[:port] [server name]`. Raises PayloadError."""
    place, _, server_name = line.strip().partition(" ")
    text = place if "://" in place else f"tls://{place}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise PayloadError(f"This is no host and port: {error}") from error
    if not host or parts.path not in {"", "/"} or parts.query or "@" in parts.netloc:
        raise PayloadError("Say host, host:port or protocol://host:port.")
    protocol = "tls" if parts.scheme in {"https", "tls"} else parts.scheme
    if port is None:
        port = PROTOCOLS[protocol].ports[0] if protocol in PROTOCOLS else 443
    return canonical_endpoint(
        FoundEndpoint(host, port, protocol, server_name.strip(), locator=line.strip())
    )

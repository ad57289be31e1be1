"""XMPP (RFC 6120, 5)."""

import re
from xml.sax.saxutils import quoteattr

from certs.tls.reading import Target
from certs.tls.starttls.refused import not_offered, refused
from certs.tls.wire import Wire

_TLS = b"urn:ietf:params:xml:ns:xmpp-tls"
# The tag that ends an answer; prefixes are the server's own.
_FEATURES = re.compile(rb"<(\w+:)?features\s*/>|</(\w+:)?(features|stream)\s*>")
_ANSWER = re.compile(rb"<(\w+:)?(proceed|failure)\b|</(\w+:)?stream\s*>")
_NAMESPACE = re.compile(rb"xmlns=['\"]([^'\"]{1,100})")


async def upgrade(wire: Wire, target: Target) -> None:
    """As a client: stream, features, starttls."""
    await _upgrade(wire, target, "jabber:client")


async def upgrade_server(wire: Wire, target: Target) -> None:
    """As another server."""
    await _upgrade(wire, target, "jabber:server")


async def _upgrade(wire: Wire, target: Target, namespace: str) -> None:
    to = quoteattr(target.server_name or target.address)
    await wire.send(
        f"<?xml version='1.0'?><stream:stream to={to} version='1.0' xmlns='{namespace}'"
        " xmlns:stream='http://etherx.jabber.org/streams'>".encode()
    )
    features = await _until(wire, _FEATURES)
    if not any(b"stream" in tag for tag in features):
        raise wire.unexpected("no stream of XMPP came")
    if not any(_TLS in tag for tag in features):
        if any(b"error" in tag for tag in features):
            raise refused(b"".join(features[-4:]))
        raise not_offered(b" ".join(_NAMESPACE.findall(b"".join(features[-20:]))))
    await wire.send(b"<starttls xmlns='%s'/>" % _TLS)
    answer = (await _until(wire, _ANSWER))[-1]
    if b"proceed" not in answer:
        raise refused(answer)
    if not answer.endswith(b"/>"):
        await wire.until(b">")


async def _until(wire: Wire, end: re.Pattern[bytes]) -> list[bytes]:
    """The tags up to one that matches, each with the text before it."""
    tags = [await wire.until(b">")]
    while not end.search(tags[-1]):
        tags.append(await wire.until(b">"))
    return tags

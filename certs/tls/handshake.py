"""One handshake, as far as it goes, for what the server shows in it."""

import ssl
from contextlib import suppress

from certs.tls.alerts import alert_name, alert_of
from certs.tls.failed import Failed
from certs.tls.flight import Flight
from certs.tls.printable import printable
from certs.tls.reading import Result
from certs.tls.served import served_chain
from certs.tls.wire import Wire

# Types of records and handshake messages (RFC 8446, 5.1 and 4).
_CHANGE_CIPHER, _HANDSHAKE, _ENCRYPTED = 20, 22, 23
_CERTIFICATE = 11
# Bytes of one handshake. OpenSSL itself takes no Certificate message of more than 100 KiB.
_LIMIT = 512 * 1024
_REASONS = {
    "EXCESSIVE_MESSAGE_SIZE": "a message of the handshake is larger than OpenSSL takes (100 KiB)",
}


class Handshake:
    """A handshake as the client; what can be said of it at any moment, also after it failed."""

    def __init__(
        self, wire: Wire, context: ssl.SSLContext, server_name: str, *, legacy: bool
    ) -> None:
        self._wire, self._flight = wire, Flight(wire, _LIMIT)
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._ssl = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=server_name or None
        )
        self._sent: list[bytes] = []
        self.legacy = legacy
        self.done = False

    async def perform(self) -> None:
        """Until it is done. Raises Failed; what came until then can be asked for all the same."""
        data = b""
        while True:
            try:
                self._ssl.do_handshake()
                self.done = True
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError as error:
                # Our own alert; what is wrong is known whether or not it arrives.
                with suppress(Failed):
                    await self._flush()
                raise _failure(error, data) from error
            await self._flush()
            if self.done:
                return
            data = await self._flight.more()
            self._incoming.write(data)

    def chain(self) -> tuple[bytes, ...]:
        """What was served until now."""
        return served_chain(self._ssl)

    def negotiated(self) -> tuple[str, str]:
        """Version and cipher; both empty before the end."""
        cipher = self._ssl.cipher()
        if not self.done or cipher is None:
            return "", ""
        return self._ssl.version() or "", cipher[0]

    def client_cert_wanted(self) -> bool:
        """Whether the server asked for a certificate: only then is there one, empty, in the answer.

        Up to TLS 1.2 it is in the clear. In 1.3 it is one encrypted record more than Finished's.
        """
        encrypted, clear = 0, True
        for kind, first in _records(b"".join(self._sent)):
            if kind == _CHANGE_CIPHER:
                clear = False
            elif kind == _ENCRYPTED:
                encrypted += 1
            elif kind == _HANDSHAKE and clear and first == _CERTIFICATE:
                return True
        return encrypted > 1

    async def _flush(self) -> None:
        data = self._outgoing.read()
        if data:
            self._sent.append(data)
            await self._wire.send(data)


def _records(sent: bytes) -> list[tuple[int, int]]:
    """Type and first byte of each record."""
    found, at = [], 0
    while at + 5 < len(sent):
        found.append((sent[at], sent[at + 5]))
        at += 5 + int.from_bytes(sent[at + 3 : at + 5])
    return found


def _failure(error: ssl.SSLError, received: bytes) -> Failed:
    alert = alert_of(error, received)
    if alert is not None:
        return Failed(Result.ALERT, alert_name(alert), alert=alert)
    reason = error.reason or ""
    words = _REASONS.get(reason) or reason.replace("_", " ").lower() or str(error)
    return Failed(Result.PARSE, printable(words.encode()))

"""One handshake, as far as it goes, for what the server shows in it."""

import asyncio
import ssl
from contextlib import suppress

from certs.tls.alerts import alert_name, alert_of
from certs.tls.failed import Failed
from certs.tls.hints import is_record
from certs.tls.printable import printable
from certs.tls.reading import Result
from certs.tls.served import served_chain
from certs.tls.wire import Wire

# Types of records and handshake messages (RFC 8446, 5.1 and 4).
_CHANGE_CIPHER, _HANDSHAKE, _ENCRYPTED = 20, 22, 23
_CERTIFICATE = 11
# Bytes of one handshake. OpenSSL itself takes no Certificate message of more than 100 KiB.
_LIMIT = 512 * 1024
# Bytes that tell what speaks, and seconds for them.
_ENOUGH, _MOMENT = 32, 0.2
_REASONS = {
    "EXCESSIVE_MESSAGE_SIZE": "a message of the handshake is larger than OpenSSL takes (100 KiB)",
}


class Handshake:
    """A handshake as the client; what can be said of it at any moment, also after it failed."""

    def __init__(
        self, wire: Wire, context: ssl.SSLContext, server_name: str, *, legacy: bool
    ) -> None:
        self._wire = wire
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._ssl = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=server_name or None
        )
        self._sent: list[bytes] = []
        self.legacy = legacy
        self.done = False

    async def perform(self) -> None:
        """Until it is done. Raises Failed; what came until then can be asked for all the same."""
        received, data = 0, b""
        while True:
            try:
                self._ssl.do_handshake()
                self.done = True
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError as error:
                await self._flush()
                raise _failure(error, data) from error
            await self._flush()
            if self.done:
                return
            data = await self._wire.receive()
            if not data:
                raise Failed(Result.CLOSED, "closed during the handshake")
            if not received and not is_record(data):
                raise Failed(Result.NOT_TLS, "no TLS came", first=await self._words(data))
            received += len(data)
            if received > _LIMIT:
                raise Failed(Result.PARSE, f"a handshake of more than {_LIMIT // 1024} KiB")
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

    async def _words(self, data: bytes) -> bytes:
        """What it says instead: enough to tell what speaks, or what comes of it in a moment."""
        with suppress(Failed, TimeoutError):
            async with asyncio.timeout(_MOMENT):
                while len(data) < _ENOUGH and b"\n" not in data:
                    more = await self._wire.receive()
                    if not more:
                        break
                    data += more
        return data

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

"""What a server says in one handshake."""

import asyncio
from contextlib import suppress

from certs.tls.failed import Failed
from certs.tls.hints import is_record
from certs.tls.reading import Result
from certs.tls.wire import Wire

# Bytes that tell what speaks where it is no TLS, and seconds for them.
_ENOUGH, _MOMENT = 32, 0.2


class Flight:
    """Records of TLS as they come, at most `limit` bytes of them."""

    def __init__(self, wire: Wire, limit: int) -> None:
        self._wire, self._limit = wire, limit
        self._received = 0

    async def more(self) -> bytes:
        """At least one byte. Raises Failed."""
        data = await self._wire.receive()
        if not data:
            raise Failed(Result.CLOSED, "closed during the handshake")
        if not self._received and not is_record(data):
            raise Failed(Result.NOT_TLS, "no TLS came", first=await self._words(data))
        self._received += len(data)
        if self._received > self._limit:
            raise Failed(Result.PARSE, f"a handshake of more than {self._limit // 1024} KiB")
        return data

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

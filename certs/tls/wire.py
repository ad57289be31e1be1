"""A TCP connection, in the clear."""

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Generator
from contextlib import contextmanager

from certs.tls.failed import Failed
from certs.tls.printable import printable
from certs.tls.reading import Result, Target

# Bytes: of one read; of one line; of all that may be said before TLS begins.
CHUNK = 16 * 1024
LINE = 4 * 1024
TALK = 64 * 1024
# Without them no connection can be tried, which says nothing of the other side.
_OURS = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


class Wire:
    """Bytes there and back. Everything that the other side does wrong is raised as Failed."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray()
        self._talked = 0
        # What it said first, for people.
        self.first = b""

    @property
    def local_address(self) -> str:
        """Our own address, in text."""
        return str(self._socket.getsockname()[0])

    async def send(self, data: bytes) -> None:
        """All of it."""
        with _explained():
            await self._loop.sock_sendall(self._socket, data)

    async def receive(self) -> bytes:
        """What is there, at least one byte; empty at the end."""
        if self._buffer:
            data = bytes(self._buffer)
            self._buffer.clear()
            return data
        with _explained():
            data = await self._loop.sock_recv(self._socket, CHUNK)
        if not self.first:
            self.first = data[:LINE]
        return data

    async def line(self) -> bytes:
        """Up to the next line feed, without the end of the line."""
        return (await self.until(b"\n", LINE)).rstrip(b"\r\n")

    async def until(self, mark: bytes, limit: int = TALK) -> bytes:
        """Up to these bytes, with them."""
        searched = 0
        while (at := self._buffer.find(mark, searched)) < 0:
            if len(self._buffer) > limit:
                raise self.unexpected(f"more than {limit} bytes without {printable(mark)!r}")
            searched = max(0, len(self._buffer) - len(mark) + 1)
            await self._more()
        return self._take(at + len(mark))

    async def exactly(self, count: int) -> bytes:
        """So many bytes."""
        if count > TALK:
            raise self.unexpected(f"a message of {count} bytes")
        while len(self._buffer) < count:
            await self._more()
        return self._take(count)

    def unexpected(self, what: str) -> Failed:
        """What the other side says is not the protocol that was asked for."""
        return Failed(Result.NOT_TLS, what, first=self.first)

    async def _more(self) -> None:
        with _explained():
            data = await self._loop.sock_recv(self._socket, CHUNK)
        if not data:
            raise Failed(Result.CLOSED, "closed before TLS began")
        self.first = self.first or data[:LINE]
        self._talked += len(data)
        if self._talked > TALK:
            raise self.unexpected(f"more than {TALK} bytes before TLS began")
        self._buffer += data

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken


async def connect(target: Target) -> socket.socket:
    """A connection to the target, to be closed by whoever asked. Raises Failed.

    Raises OSError where this process may open no more sockets.
    """
    if not is_address(target.address):
        words = printable(target.address.encode(errors="replace"), 60)
        raise Failed(Result.UNREACHABLE, f"{words!r} is no address")
    if not 0 < target.port < 65536:
        raise Failed(Result.UNREACHABLE, f"{target.port} is no port")
    family = socket.AF_INET6 if ":" in target.address else socket.AF_INET
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        with _explained():
            await asyncio.get_running_loop().sock_connect(connection, (target.address, target.port))
    except BaseException:
        connection.close()
        raise
    return connection


def is_address(text: str) -> bool:
    """Whether this is an address of IPv4 or IPv6, not a name."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


@contextmanager
def _explained() -> Generator[None]:
    """An error of the network is an answer."""
    try:
        yield
    except ConnectionRefusedError as error:
        raise Failed(Result.REFUSED, "connection refused") from error
    except (ConnectionResetError, BrokenPipeError, ConnectionAbortedError) as error:
        raise Failed(Result.RESET, "connection reset") from error
    except TimeoutError:
        # The kernel's own, before ours: it means the same.
        raise
    except OSError as error:
        if error.errno in _OURS:
            raise
        raise Failed(Result.UNREACHABLE, error.strerror or str(error)) from error

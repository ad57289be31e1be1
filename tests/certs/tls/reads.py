"""Reading from tests, and servers that tests need often here."""

import asyncio
import re
import socket
import ssl
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from certs.tls import Reading, Target, read_chain
from tests.certs.pki import Issued
from tests.certs.serving import raw_server

# Seconds; no test waits for it unless it is about waiting.
TIMEOUT = 10.0


def read(
    port: int,
    name: str = "",
    *,
    protocol: str = "tls",
    address: str = "127.0.0.1",
    timeout: float = TIMEOUT,
) -> Reading:
    """What is served there."""
    return asyncio.run(read_chain(Target(address, port, protocol, name), timeout=timeout))


def say(data: bytes) -> Callable[[socket.socket], None]:
    """Waits for the first bytes, says this, and closes properly."""

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(4096)
            connection.sendall(data)
            finish(connection)

    return answer


def hang(connection: socket.socket) -> None:
    """Reads whatever comes, says nothing."""
    with connection, suppress(OSError):
        while connection.recv(4096):
            pass


def greet(words: bytes) -> Callable[[socket.socket], None]:
    """Speaks first."""

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.sendall(words)
            finish(connection)

    return answer


def finish(connection: socket.socket) -> None:
    """Closes without a RST: what is still unread would make one."""
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(4096):
        pass


def reset(connection: socket.socket) -> None:
    """Closes by RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@contextmanager
def server_context(issued: Issued) -> Iterator[ssl.SSLContext]:
    """Of a server with this chain."""
    with tempfile.TemporaryDirectory() as folder:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*issued.write(Path(folder)))
        yield context


@contextmanager
def talking_server(
    issued: Issued, *steps: bytes | re.Pattern[bytes], split: bool = False
) -> Iterator[int]:
    """A server that begins in the clear: says bytes, waits for what matches a pattern, and goes
    over to TLS after the last step; its port. `split`: a packet for each byte."""
    with server_context(issued) as context:

        def answer(connection: socket.socket) -> None:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(TIMEOUT)
            with connection, suppress(OSError):
                for step in steps:
                    if isinstance(step, bytes):
                        for piece in [bytes([each]) for each in step] if split else [step]:
                            connection.sendall(piece)
                        continue
                    # TLS may follow in the same packet.
                    said = step.match(connection.recv(4096, socket.MSG_PEEK))
                    if said is None:
                        return
                    connection.recv(said.end())
                with context.wrap_socket(connection, server_side=True) as secured:
                    secured.recv(1)

        with raw_server(answer) as port:
            yield port

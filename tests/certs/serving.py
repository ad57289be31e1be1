"""TLS servers on this machine, each with a chain of the test's."""

import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.certs.pki import Issued


@dataclass
class Served:
    """Where it listens. `serve` puts another chain in place; connections are counted."""

    address: str
    port: int
    context: ssl.SSLContext
    folder: Path
    connections: int = 0

    def serve(self, issued: Issued) -> None:
        """From the next handshake on."""
        chain, key = issued.write(self.folder)
        self.context.load_cert_chain(chain, key)


@contextmanager
def tls_server(
    issued: Issued,
    *,
    address: str = "127.0.0.1",
    port: int = 0,
    by_name: dict[str, Issued] | None = None,
    configure: Callable[[ssl.SSLContext], None] = lambda context: None,
) -> Iterator[Served]:
    """A server that shakes hands and closes; `by_name`: chains by SNI."""
    with tempfile.TemporaryDirectory() as folder, _listening(address, port) as listener:
        context = _context(issued, Path(folder), "default", configure)
        if by_name:
            others = {
                name: _context(each, Path(folder), f"other{number}", configure)
                for number, (name, each) in enumerate(by_name.items())
            }

            def choose(sock: Any, name: str | None, _: ssl.SSLContext) -> None:
                if name in others:
                    sock.context = others[name]

            context.sni_callback = choose
        served = Served(address, listener.getsockname()[1], context, Path(folder))

        def answer(connection: socket.socket) -> None:
            connection.settimeout(10)
            try:
                with served.context.wrap_socket(connection, server_side=True) as secured:
                    secured.recv(1)
            except OSError:
                connection.close()

        with accepting(listener, answer, served):
            yield served


@contextmanager
def raw_server(
    answer: Callable[[socket.socket], None], *, address: str = "127.0.0.1"
) -> Iterator[int]:
    """A server that does what `answer` does with each connection; its port."""
    with _listening(address) as listener, accepting(listener, answer):
        yield listener.getsockname()[1]


@contextmanager
def accepting(
    listener: socket.socket, answer: Callable[[socket.socket], None], served: Served | None = None
) -> Iterator[None]:
    """A thread for each connection until the end."""

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if served is not None:
                served.connections += 1
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield
    finally:
        # Closing alone does not wake who waits in accept().
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def _listening(address: str, port: int = 0) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.bind((address, port))
    listener.listen(128)
    return listener


def _context(
    issued: Issued, folder: Path, name: str, configure: Callable[[ssl.SSLContext], None]
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Before: what OpenSSL takes for too weak a key depends on it.
    configure(context)
    chain, key = issued.write(folder, name)
    context.load_cert_chain(chain, key)
    return context

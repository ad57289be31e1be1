"""The demo's TLS servers on this machine, each with something to show."""

import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

from certs.demo.authority import Issued

_Configure = Callable[[ssl.SSLContext], None]
_GREETING = b"220 mx.acme.test ESMTP\r\n"


def outdated(context: ssl.SSLContext) -> None:
    """Speaks TLS 1.0 and no more."""
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1


def wants_certificates(context: ssl.SSLContext) -> None:
    """Shakes hands with clients that have a certificate only."""
    context.verify_mode = ssl.CERT_REQUIRED


def small_keys(context: ssl.SSLContext) -> None:
    """Loads keys that OpenSSL would refuse."""
    context.set_ciphers("ALL:@SECLEVEL=0")


def as_usual(context: ssl.SSLContext) -> None:
    """As Python sets it up."""


class Server:
    """Listens on one address until the process ends; another chain can be put in place."""

    def __init__(
        self, folder: Path, name: str, issued: Issued, *, configure: _Configure = as_usual,
        address: str = "127.0.0.1", port: int = 0, smtp: bool = False,
    ) -> None:  # fmt: skip
        self._path, self._configure, self._smtp = folder / f"{name}.pem", configure, smtp
        issued.write(self._path)
        self._context = self._loaded()
        self._listener = listen(address, port)
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def renew(self, issued: Issued) -> None:
        """Put the new one into the file; what is served stays until `reload`."""
        issued.write(self._path)

    def reload(self) -> None:
        """Serve what the file holds."""
        self._context = self._loaded()

    def _loaded(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._configure(context)
        context.load_cert_chain(self._path, self._path.with_suffix(".key"))
        return context

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        try:
            if self._smtp:
                _begin_smtp(connection)
            with self._context.wrap_socket(connection, server_side=True) as secured:
                secured.recv(1)
        except OSError:
            connection.close()


def listen(address: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(64)
    return listener


def plain_server() -> int:
    """Speaks HTTP where TLS is expected; its port."""
    listener = listen("127.0.0.1", 0)

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.recv(100)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    threading.Thread(target=accept, daemon=True).start()
    return int(listener.getsockname()[1])


def deaf_server() -> tuple[int, socket.socket]:
    """Takes connections and never says a word; its port, and what keeps it open."""
    listener = listen("127.0.0.1", 0)
    return int(listener.getsockname()[1]), listener


def _begin_smtp(connection: socket.socket) -> None:
    """SMTP up to STARTTLS (RFC 3207)."""
    connection.sendall(_GREETING)
    for _ in range(4):
        word = connection.recv(1000).upper()
        if word.startswith(b"STARTTLS"):
            connection.sendall(b"220 go ahead\r\n")
            return
        connection.sendall(b"250-mx.acme.test\r\n250 STARTTLS\r\n")
    raise OSError("no STARTTLS")

"""The guarded client: every request to an address that people configured goes through here.

The name is resolved once, every address it has must be permitted (`lib/outbound`), and the
connection goes to exactly the address that was checked, with the right Host, SNI and certificate
check. No redirects, no proxies, one deadline for everything, a limit to what is read.
"""

import http.client
import os
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import quote, urlsplit

from opsportal.lib.errors import DeliveryError, PayloadError
from opsportal.lib.outbound import allowed_addresses

MAX_URL = 2000
_NONE: Mapping[str, str] = MappingProxyType({})
_DEFAULT_PORTS = {"http": 80, "https": 443}
# The client's own; a configured one could smuggle a second request.
_RESERVED = {"host", "content-length", "transfer-encoding", "connection", "te", "upgrade"}
_PIECE = 16_384


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said; header names are in lower case. `truncated`: there was more."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class _Target:
    scheme: str
    host: str
    port: int
    path: str

    def __str__(self) -> str:
        """Without path and query, which may hold secrets."""
        return f"{self.scheme}://{self.netloc}"

    @property
    def netloc(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def check_url(url: str) -> None:
    """Raises PayloadError when no request could ever be sent there."""
    _parse(url)


def send_request(
    method: str,
    url: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] = _NONE,
    timeout: float = 10.0,
    max_bytes: int = 65_536,
    roots: str = "",
) -> Answer:
    """Send one request; a redirect is an answer like any other.

    `roots`: PEM of the only authorities that an HTTPS server's certificate may come from; empty:
    the machine's.

    Raises DeliveryError: permanent when the address is refused or nonsense, not permanent when
    the network or the other side failed. `timeout` covers all of it, from name to last byte.
    """
    deadline = time.monotonic() + timeout
    try:
        target = _parse(url)
    except PayloadError as error:
        raise DeliveryError(error.message, permanent=True) from error
    for name in headers:
        if name.lower() in _RESERVED:
            raise DeliveryError(f"The header {name} cannot be configured.", permanent=True)
    addresses = allowed_addresses(target.host, target.port, timeout)
    sock = _connect(target, addresses, deadline)
    with _Watchdog(sock, deadline) as watchdog:
        try:
            return _exchange(target, sock, (method, body, headers), max_bytes, watchdog, roots)
        except (OSError, http.client.HTTPException) as error:
            raise _failure(target, error, late=watchdog.barked, timeout=timeout) from error
        except ValueError as error:  # a method or header that cannot be sent
            raise DeliveryError(f"{target}: {error}", permanent=True) from error


def _parse(url: str) -> _Target:
    if len(url) > MAX_URL or not url.isprintable() or any(c in url for c in ' \\<>"'):
        raise PayloadError(
            f"A URL has at most {MAX_URL} characters, and no spaces, backslashes or quotes."
        )
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode()
    except ValueError as error:  # UnicodeError is one
        raise PayloadError(f"Not a URL: {error}") from error
    if parts.scheme not in _DEFAULT_PORTS:
        raise PayloadError("Only http:// and https:// URLs can be called.")
    if "@" in parts.netloc:
        raise PayloadError("A URL may not hold a user or password.")
    if not host or "%" in host or port == 0:
        raise PayloadError("The URL names no host that can be called.")
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~?")
    path = f"{path}?{query}" if query else path
    return _Target(parts.scheme, host, port or _DEFAULT_PORTS[parts.scheme], path)


def _connect(target: _Target, addresses: list[str], deadline: float) -> socket.socket:
    """A connection to the first address that answers; each has its share of the time left."""
    last: OSError = TimeoutError("timed out")
    for index, address in enumerate(addresses):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        try:
            return socket.create_connection(
                (address, target.port), timeout=left / (len(addresses) - index)
            )
        except OSError as error:
            last = error
    raise DeliveryError(f"{target}: cannot connect: {last}") from last


def _exchange(
    target: _Target,
    sock: socket.socket,
    request: tuple[str, bytes, Mapping[str, str]],
    max_bytes: int,
    watchdog: "_Watchdog",
    roots: str,
) -> Answer:
    method, body, headers = request
    if target.scheme == "https":
        context = _private_tls(roots) if roots else _tls(os.environ.get("SSL_CERT_FILE", ""))
        secured = context.wrap_socket(
            sock, server_hostname=target.host, do_handshake_on_connect=False
        )
        sock = watchdog.guard(secured)
        secured.do_handshake()
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = sock
    sent = {"User-Agent": "opsportal", **headers, "Host": target.netloc, "Connection": "close"}
    connection.request(method, target.path, body=body or None, headers=sent)
    with connection.getresponse() as response:
        read = _read(response, max_bytes + 1)
        if watchdog.barked:
            raise TimeoutError("timed out")
        names = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, names, read[:max_bytes], truncated=len(read) > max_bytes)


def _read(response: http.client.HTTPResponse, most: int) -> bytes:
    read = bytearray()
    while len(read) < most:
        piece = response.read(min(_PIECE, most - len(read)))
        if not piece and response.length:
            raise http.client.IncompleteRead(bytes(read), response.length)
        if not piece:
            break
        read += piece
    return bytes(read)


def _failure(target: _Target, error: Exception, *, late: bool, timeout: float) -> DeliveryError:
    if late or isinstance(error, TimeoutError):
        return DeliveryError(f"{target}: no complete answer within {timeout:g} s.")
    return DeliveryError(f"{target}: {str(error) or type(error).__name__}")


@lru_cache(maxsize=4)
def _tls(certificates: str) -> ssl.SSLContext:
    """Reading the trusted certificates takes long, so it is done once per SSL_CERT_FILE."""
    return ssl.create_default_context(cafile=certificates or None)


@lru_cache(maxsize=32)
def _private_tls(roots: str) -> ssl.SSLContext:
    """Raises ValueError for what is no PEM of certificates."""
    try:
        return ssl.create_default_context(cadata=roots)
    except ssl.SSLError as error:
        raise ValueError(f"the authorities given cannot be read: {error}") from error


def trusted_roots() -> list[bytes]:
    """The root certificates that HTTPS connections are checked with, in DER."""
    return _tls(os.environ.get("SSL_CERT_FILE", "")).get_ca_certs(binary_form=True)


class _Watchdog:
    """Ends the connection at the deadline, wherever the talk stands.

    A socket's own timeout is of one read; a server that sends a byte now and then outwits it.
    """

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        left = max(0.001, deadline - time.monotonic())
        sock.settimeout(left)
        self.barked = False
        self._sock = sock
        self._timer = threading.Timer(left, self._bark)
        self._timer.daemon = True

    def guard(self, sock: socket.socket) -> socket.socket:
        """Watch this socket from now on, which has taken over the first."""
        self._sock = sock
        return sock

    def __enter__(self) -> "_Watchdog":
        self._timer.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._timer.cancel()
        self._sock.close()

    def _bark(self) -> None:
        self.barked = True
        try:
            # Not SSLSocket's, which would also drop its TLS state under the reader's feet.
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)
        except OSError:
            return  # it is closed already

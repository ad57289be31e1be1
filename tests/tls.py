"""TLS in front of a running portal, as a proxy ends it, with a certificate of a CA of its own."""

import http.client
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import trustme

# Of one connection, not of what it carries (RFC 9110, 7.6.1).
_OF_THE_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "upgrade"})


@dataclass(frozen=True)
class TlsFront:
    """Where the proxy answers, and what makes a client trust it."""

    url: str
    ca: trustme.CA

    @property
    def trust(self) -> ssl.SSLContext:
        """For clients in Python; others take the file that `ca.cert_pem` writes."""
        context = ssl.create_default_context()
        self.ca.configure_trust(context)
        return context


@contextmanager
def tls_front(port: int) -> Iterator[TlsFront]:
    """Answers at `https://localhost:...` for what listens on 127.0.0.1 at this port."""
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(context)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = _passed_on(self.headers.items()) | {"X-Forwarded-Proto": "https"}
            behind = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            try:
                behind.request(self.command, self.path, body, headers)
                answer = behind.getresponse()
                content = answer.read()
            finally:
                behind.close()
            self.send_response(answer.status)
            for name, value in _passed_on(answer.getheaders()).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def get_request(self):
            connection, address = super().get_request()
            # The handshake is the connection's own thread's, at its first read.
            kept = {"server_side": True, "do_handshake_on_connect": False}
            return context.wrap_socket(connection, **kept), address

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield TlsFront(f"https://localhost:{server.server_port}", ca)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _passed_on(headers) -> dict[str, str]:
    return {name: value for name, value in headers if name.lower() not in _OF_THE_HOP}

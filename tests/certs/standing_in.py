"""Small real HTTP(S) servers that stand in for Kubernetes, Vault and logs of CT."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.certs.pki import Issued

# Method, path with query, headers in lower case: status and body (JSON unless bytes).
Answerer = Callable[[str, str, dict[str, str]], tuple[int, Any]]


@dataclass
class Standing:
    """Where it listens, and what it was asked."""

    url: str
    asked: list[str] = field(default_factory=list)


@contextmanager
def standing_in(
    answer: Answerer, *, issued: Issued | None = None, folder: Path | None = None
) -> Iterator[Standing]:
    """A server on loopback that answers so; HTTPS with `issued` (and a folder for its files)."""
    standing = Standing("")

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            standing.asked.append(f"{self.command} {self.path}")
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, body = answer(self.command, self.path, headers)
            sent = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_LIST = _any  # noqa: N815  (the names that http.server wants)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    scheme = "http"
    if issued is not None and folder is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*issued.write(folder))
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    standing.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield standing
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)

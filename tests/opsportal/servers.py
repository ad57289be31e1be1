"""HTTP servers on loopback that behave, and some that do not."""

import contextlib
import http.server
import socket
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers by path; the server remembers what came."""

    def do_GET(self):
        length = int(self.headers.get("Content-Length", 0))
        self.server.seen.append((self.command, self.path, self.headers, self.rfile.read(length)))
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/stolen")
            self.end_headers()
        elif self.path == "/huge":
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                for _ in range(10_000):
                    self.wfile.write(b"x" * 10_000)
        elif self.path == "/short":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"x")
        else:
            self.send_response(202)
            self.send_header("Retry-After", "7")
            self.end_headers()
            self.wfile.write(b"thanks")

    def do_POST(self):
        self.do_GET()

    def log_message(self, *args):
        """Say nothing."""


@contextlib.contextmanager
def serving(address="127.0.0.1", context=None):
    kind = type("Server", (http.server.ThreadingHTTPServer,), {"daemon_threads": True})
    if ":" in address:
        kind.address_family = socket.AF_INET6
    server = kind((address, 0), Handler)
    server.seen = []
    server.handle_error = lambda *args: None
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def dripping(first: bytes, piece: bytes, context=None):
    """A server that sends `first`, then `piece` every 20 ms for as long as it is listened to."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def drip():
        with contextlib.suppress(OSError):
            client, _ = listener.accept()
            with client:
                connection = context.wrap_socket(client, server_side=True) if context else client
                connection.sendall(first)
                while not stop.wait(0.02):
                    connection.sendall(piece)

    thread = threading.Thread(target=drip)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stop.set()
        listener.close()
        thread.join()

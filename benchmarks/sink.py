"""A webhook's receiving end on loopback, which notes what came and when."""

import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Sink(socketserver.ThreadingTCPServer):
    """Answers 200 to everything; `heard` is told of each body and its instant."""

    daemon_threads = allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, heard: Callable[[bytes, float], None]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.heard = heard

    @property
    def url(self) -> str:
        """What a channel is given."""
        return f"http://127.0.0.1:{self.server_address[1]}/"


class _Handler(socketserver.StreamRequestHandler):
    server: Sink

    def handle(self) -> None:
        length = 0
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = self.rfile.read(length)
        self.server.heard(body, time.monotonic())
        self.wfile.write(_ANSWER)


@contextmanager
def listening(heard: Callable[[bytes, float], None]) -> Iterator[Sink]:
    """A sink for as long as the block lasts."""
    with Sink(heard) as sink:
        threading.Thread(target=sink.serve_forever, daemon=True).start()
        try:
            yield sink
        finally:
            sink.shutdown()

"""The ground of `manage.py demo`: a client of the portal, a sink for its webhooks, a clock.

An app adds its own life by a class named in settings.DEMOS with a `slug`, `configuration(stage)`
(a file for `applyconfig`) and `play(stage)`, a generator that does one thing at a time and yields
how many seconds pass until the next. It reaches the portal through `stage`, never past its API.
"""

import heapq
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any, Protocol

import urllib3

from opsportal.lib.times import utc_now


class NoPortalError(Exception):
    """Nothing answers where the portal should be."""


class Demo(Protocol):
    """What settings.DEMOS names."""

    slug: str

    def configuration(self, stage: "Stage") -> str:
        """YAML for `applyconfig`; empty when nothing needs configuring."""
        ...

    def play(self, stage: "Stage") -> Iterator[float]:
        """Do one thing after the other, yielding the seconds between them; need not end."""
        ...


class Sink:
    """A receiver of webhooks on loopback: `/calm` takes all, `/flaky` every other, `/gone` none."""

    def __init__(self) -> None:
        sink = self
        self.taken = self.refused = 0
        self._counting = threading.Lock()

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status = sink.answer(self.path)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """The demo tells in its own words."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, path: str) -> int:
        """Count a delivery and choose its fate."""
        with self._counting:
            status = 204
            if path == "/gone":
                status = 410
            elif path == "/flaky" and (self.taken + self.refused) % 2:
                status = 503
            if status == 204:
                self.taken += 1
            else:
                self.refused += 1
            return status

    def close(self) -> None:
        """Stop receiving."""
        self._server.shutdown()
        self._server.server_close()


class Stage:
    """What a demo may use: the API, the sink's address, chance, and the hour it plays at."""

    def __init__(
        self, url: str, key: str, sink: Sink, *, seed: int, tell: Callable[[str], object]
    ) -> None:
        self.url = url.rstrip("/")
        self.sink = sink
        self.random = Random(seed)  # noqa: S311 - a play needs no cryptography
        self.behind = timedelta(0)  # how far the played hour lies in the past
        self._tell = tell
        self._key = key
        self._pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(total=30))

    @property
    def key_prefix(self) -> str:
        """What names its key in configuration files."""
        return self._key.split("_")[1]

    def instant(self) -> datetime:
        """The hour it plays at."""
        return utc_now() - self.behind

    def tell(self, text: str) -> None:
        """Say what was just done."""
        self._tell(f"{self.instant():%H:%M:%S}  {text}")

    def request(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Ask the portal; the status and the JSON of its answer. Raises NoPortalError."""
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body)
        try:
            answer = self._pool.request(method, self.url + path, body=content, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise NoPortalError(f"No portal answers at {self.url}: {error}") from error
        try:
            return answer.status, json.loads(answer.data or b"null")
        except ValueError:
            return answer.status, None


def play_demos(demos: list[Demo], stage: Stage, *, past: timedelta, seconds: float | None) -> None:
    """Play all in one rhythm: `past` without waiting, then live until `seconds` are over."""
    plays = [demo.play(stage) for demo in demos]
    due = [(0.0, number) for number in range(len(plays))]
    heapq.heapify(due)
    started = time.monotonic()
    end = None if seconds is None else started + seconds
    head_start = past.total_seconds()
    while due:
        moment, number = heapq.heappop(due)
        stage.behind = timedelta(seconds=max(0.0, head_start - moment))
        wait = moment - head_start - (time.monotonic() - started)
        if end is not None and time.monotonic() + max(0.0, wait) > end:
            time.sleep(max(0.0, end - time.monotonic()))
            return
        if wait > 0:
            time.sleep(wait)
        pause = next(plays[number], None)
        if pause is not None:
            heapq.heappush(due, (moment + pause, number))

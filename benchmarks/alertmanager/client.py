"""A client that keeps its connection, as Prometheus and Grafana do."""

import http.client
import json
import time
from urllib.parse import urlsplit


class Client:
    """Speaks API v2."""

    def __init__(self, url, key=""):
        parts = urlsplit(url)
        self.connection = http.client.HTTPConnection(parts.netloc, timeout=60)
        self.prefix = f"{parts.path}/api/v2/"
        self.headers = {"Authorization": f"Bearer {key}"} if key else {}

    def _call(self, method, path, body=None):
        headers = dict(self.headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        self.connection.request(method, self.prefix + path, body, headers)
        answer = self.connection.getresponse()
        said = answer.read()
        if answer.status != 200:
            raise AssertionError(f"{method} {path}: {answer.status} {said[:300]!r}")
        return said

    def get(self, path):
        """What is there, decoded."""
        return json.loads(self._call("GET", path))

    def post(self, path, value):
        """Send it."""
        self._call("POST", path, json.dumps(value).encode())

    def delete(self, path):
        """End it."""
        self._call("DELETE", path)

    def time(self, path):
        """Seconds until the last byte."""
        started = time.perf_counter()
        self._call("GET", path)
        return time.perf_counter() - started

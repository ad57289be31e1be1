"""A portal on the suite's database, spoken to as its users do: HTTP and the command line."""

import json
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from tests.portal import ROOT, running_portal


class Walker:
    """Somebody who uses a running portal."""

    def __init__(self, portal):
        self.portal = portal
        self.key = portal.key or self.manage(
            "createkey", "walker", "--scope", "alerts:write", "--scope", "alerts:read",
            "--scope", "alerts:respond",
        )  # fmt: skip

    def manage(self, *words):
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT, env=self.portal.env, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.strip()

    def configure(self, text):
        path = self.portal.data_dir / "config.yaml"
        path.write_text(text)
        return self.manage("applyconfig", str(path))

    def call(self, method, path, payload=None, headers=None):
        request = urllib.request.Request(
            self.portal.url + path,
            data=None if payload is None else json.dumps(payload).encode(),
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
            | (headers or {}),
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def post(self, payload, path="/api/v1/alerts"):
        return self.call("POST", path, payload)

    def get(self, path):
        status, answer = self.call("GET", path)
        assert status == 200, answer
        return answer


@pytest.fixture
def walk(tmp_path, database_env):
    """A portal that is configured by `env` and started by calling this."""
    stack = []

    def start(**env):
        manager = running_portal(tmp_path, database_env | env)
        stack.append(manager)
        return Walker(manager.__enter__())

    yield start
    for manager in stack:
        manager.__exit__(None, None, None)

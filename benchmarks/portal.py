"""What every benchmark needs: the portal as `make run` starts it, and a look into its database."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from tests.portal import free_port
from tests.postgres import PostgresServer, find_binaries

ROOT = Path(__file__).resolve().parents[1]
# What a company would give it on such a machine; everything that is acknowledged is flushed.
CAREFUL = "-c shared_buffers=512MB -c max_wal_size=4GB"
QUIET = """\
rules:
- name: quiet
  match: '{service=~"billing-.*"}'
  order: 10
  actions: [{suppress: benchmark}]
"""


@contextmanager
def postgres(url: str) -> Iterator[tuple[str, int]]:
    """The address of a server and its first process: the given one (0), or one of our own."""
    if url:
        yield url, 0
        return
    binaries = find_binaries()
    if binaries is None:
        sys.exit("No PostgreSQL: install postgresql, or give --postgres URL.")
    server = PostgresServer(binaries, CAREFUL)
    try:
        yield server.url, server.pid
    finally:
        server.close()


def new_database(server: str, name: str, options: str = "") -> str:
    """The address of a database made anew on that server."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name} {options}")
    return urlsplit(server)._replace(path=f"/{name}").geturl()


@dataclass
class Portal:
    """A portal that can be killed and started again on what it had."""

    folder: Path
    database: str = ""  # of PostgreSQL; else SQLite
    configuration: str = QUIET
    port: int = field(default_factory=free_port)
    key: str = ""
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Of all its processes."""
        return {
            **os.environ,
            "OPSPORTAL_DATA_DIR": str(self.folder),
            "OPSPORTAL_OUTBOUND_ALLOW": "127.0.0.0/8",
            "OPSPORTAL_LOG_LEVEL": "WARNING",
            "OPSPORTAL_DATABASE_URL": self.database,
        }

    def manage(self, *words: str) -> str:
        """Run a command of the portal; what it prints."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT, env=self.environment, check=False, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            sys.exit(f"manage.py {words[0]}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    def set_up(self) -> None:
        """An empty database with a key and the configuration."""
        self.manage("setup")
        self.key = self.manage("createkey", "benchmark", "--scope", "alerts:write")
        self.configure(self.configuration)

    def configure(self, text: str) -> None:
        """Apply a configuration file."""
        file = self.folder / "configuration.yaml"
        file.write_text(text)
        self.manage("applyconfig", str(file))

    def start(self) -> None:
        """Start it and wait until it answers."""
        with (self.folder / "portal.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--port", str(self.port)],
                cwd=ROOT, env=self.environment, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        wait_for(f"{self.url}/healthz")

    def stop(self) -> None:
        """Ask it to end, and wait."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def kill(self) -> None:
        """SIGKILL to all its processes at once."""
        for pid in family([self.process.pid]):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(30)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the database says."""
        if self.database:
            with psycopg.connect(self.database, autocommit=True) as connection:
                return connection.execute(query).fetchall()
        with contextlib.closing(sqlite3.connect(self.folder / "opsportal.sqlite3")) as connection:
            return connection.execute(query).fetchall()

    def wait_until_routed(self) -> None:
        """Until no decision waits."""
        while self.rows(UNROUTED)[0][0]:
            time.sleep(0.1)


UNROUTED = "SELECT count(*) FROM alerts_decision WHERE state IN ('due', 'claimed')"


@contextmanager
def running(portal: Portal) -> Iterator[Portal]:
    """A portal that has been set up, for as long as the block lasts."""
    portal.set_up()
    portal.start()
    try:
        yield portal
    finally:
        portal.stop()


def wait_for(address: str, seconds: float = 60) -> None:
    """Until somebody answers there."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def family(pids: Sequence[int]) -> set[int]:
    """These processes and all their descendants."""
    parents = {pid: int(fields[1]) for pid, fields in _processes()}
    found = set(pids)
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def cpu_seconds(pids: Sequence[int]) -> float:
    """CPU that these processes and their descendants have used, those that have ended included."""
    found = family(pids)
    ticks = sum(sum(map(int, fields[11:15])) for pid, fields in _processes() if pid in found)
    return ticks / os.sysconf("SC_CLK_TCK")


def _processes() -> Iterator[tuple[int, list[str]]]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            yield int(stat.parent.name), stat.read_text().rsplit(")", 1)[1].split()

"""`python -m benchmarks.ingest [--postgres URL] [--seconds N] [--connections 16,64]`."""

import argparse
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psycopg

from benchmarks.ingest.load import cpu_seconds, run_load
from tests.portal import free_port

ROOT = Path(__file__).resolve().parents[2]
# (what, alerts a post, keys; 0 makes each alert a new one)
CASES = [
    ("repeats", 1, 100),
    ("new", 1, 0),
    ("repeats, arrays of 64", 64, 20_000),
    ("new, arrays of 64", 64, 0),
    ("repeats, arrays of 1000", 1000, 20_000),
    ("new, arrays of 1000", 1000, 0),
]


@dataclass(frozen=True)
class Server:
    """A server under load."""

    url: str
    path: str
    key: str
    process: subprocess.Popen[bytes]
    drained: Callable[[], None]


def wait_for(address, seconds=60):
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@contextmanager
def running(argv, environment):
    process = subprocess.Popen(argv, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@contextmanager
def portal(folder, database) -> Iterator[Server]:
    """The portal as `make run` starts it, on a fresh database, with one rule that matches."""
    port = str(free_port())
    environment = {
        **os.environ,
        "OPSPORTAL_DATA_DIR": str(folder),
        "OPSPORTAL_OUTBOUND_ALLOW": "127.0.0.0/8",
        "OPSPORTAL_LOG_LEVEL": "WARNING",
        **({"OPSPORTAL_DATABASE_URL": database} if database else {}),
    }

    def manage(*words):
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT, env=environment, check=True, capture_output=True, text=True,
        ).stdout.strip()  # fmt: skip

    manage("setup")
    key = manage("createkey", "benchmark", "--scope", "alerts:write")
    rules = folder / "rules.yaml"
    rules.write_text(
        "rules:\n"
        "- name: quiet\n  match: '{service=~\"billing-.*\"}'\n  order: 10\n"
        "  actions: [{suppress: benchmark}]\n"
    )
    manage("applyconfig", str(rules))
    pending = "SELECT count(*) FROM alerts_decision WHERE state IN ('due', 'claimed')"

    def drained():
        if database:
            connection = psycopg.connect(database, autocommit=True)
        else:
            connection = sqlite3.connect(folder / "opsportal.sqlite3")
        while connection.execute(pending).fetchone()[0]:
            time.sleep(0.1)
        connection.close()

    with running([sys.executable, "manage.py", "up", "--port", port], environment) as process:
        wait_for(f"http://127.0.0.1:{port}/healthz")
        yield Server(f"http://127.0.0.1:{port}", "/api/v1/alerts", key, process, drained)


@contextmanager
def barest(folder, database) -> Iterator[Server]:
    """The yardstick, as many workers and threads as serve it best."""
    port = str(free_port())
    environment = {
        **os.environ,
        "BAREST_DATABASE_URL": database or str(folder / "barest.sqlite3"),
        "PYTHONPATH": str(ROOT),
    }
    subprocess.run(
        [sys.executable, "-m", "benchmarks.ingest.barest"], cwd=ROOT, env=environment, check=True
    )
    argv = [
        str(Path(sys.executable).parent / "granian"), "--interface", "wsgi", "--port", port,
        "--workers", "2" if database else "1", "--blocking-threads", "4", "--log-level", "warning",
        "benchmarks.ingest.barest:application",
    ]  # fmt: skip
    with running(argv, environment) as process:
        wait_for(f"http://127.0.0.1:{port}/")
        yield Server(f"http://127.0.0.1:{port}", "/", "none", process, lambda: None)


def measure(server, case, connections, seconds, tag):
    """Alerts a second until all is committed and routed, and what it cost."""
    _, batch, keys = case
    options = {"batch": batch, "keys": keys, "connections": connections}
    warm_tag = tag if keys else f"w{tag}"
    run_load(server.url, server.path, server.key, tag=warm_tag, seconds=1, **options)
    server.drained()
    cpu, started = cpu_seconds([server.process.pid]), time.monotonic()
    seen = run_load(server.url, server.path, server.key, tag=tag, seconds=seconds, **options)
    server.drained()
    took = time.monotonic() - started
    cpu = cpu_seconds([server.process.pid]) - cpu
    return {
        "accepted": seen.alerts / seen.seconds,
        "routed": seen.alerts / took,
        "p50": seen.p50,
        "p99": seen.p99,
        "cpu": cpu / max(seen.alerts, 1) * 1000,
        "errors": seen.errors,
    }


def open_keys(server, keys, tag):
    """Post each key once; the load takes its keys in the same order."""
    options = {"batch": 1000, "keys": keys, "connections": 1, "seconds": 4}
    run_load(server.url, server.path, server.key, tag=tag, **options)
    server.drained()


def empty_database(url):
    """A fresh PostgreSQL database beside the given one, and its address."""
    base = url.rsplit("/", 1)[0]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS opsportal_benchmark WITH (FORCE)")
        connection.execute("CREATE DATABASE opsportal_benchmark")
    return f"{base}/opsportal_benchmark"


def main():
    parser = argparse.ArgumentParser(prog="benchmarks.ingest")
    parser.add_argument("--postgres", help="URL of a database whose server may be used")
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", default="16,64")
    parser.add_argument("--cases", type=int, default=len(CASES), help="only the first N")
    options = parser.parse_args()
    database = empty_database(options.postgres) if options.postgres else ""
    print(f"database: {'PostgreSQL' if database else 'SQLite'}, medians of {options.rounds} rounds")
    print(
        f"{'case':26}{'conns':>6}{'accepted/s':>12}{'routed/s':>10}{'barest/s':>10}"
        f"{'accepted':>10}{'routed':>8}{'p50 ms':>8}{'p99 ms':>8}{'cpu/1000':>10}{'errors':>8}"
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        portal(Path(folder), database) as ours,
        barest(Path(folder), database) as yardstick,
    ):
        for case in CASES[: options.cases]:
            for connections in map(int, options.connections.split(",")):
                pairs = []
                if case[2] > 1000:  # all keys are there before the first repeat is timed
                    for server in (ours, yardstick):
                        open_keys(server, case[2], f"hot{case[1]}-")
                for turn in range(options.rounds):
                    tag = f"{case[1]}-{connections}-{turn}-" if not case[2] else f"hot{case[1]}-"
                    pair = [
                        measure(server, case, connections, options.seconds, tag)
                        for server in (ours, yardstick)
                    ]
                    pairs.append(pair)
                print_row(case[0], connections, pairs)


def print_row(name, connections, pairs):
    """Medians over the rounds; ratios are taken round by round."""

    def ours(field):
        return median(pair[0][field] for pair in pairs)

    bare = median(pair[1]["accepted"] for pair in pairs)
    ratios = [median(p[0][f] / p[1]["accepted"] for p in pairs) for f in ("accepted", "routed")]
    print(
        f"{name:26}{connections:>6}{ours('accepted'):>12.0f}{ours('routed'):>10.0f}{bare:>10.0f}"
        f"{ratios[0]:>9.2f}x{ratios[1]:>7.2f}x{ours('p50'):>8.1f}{ours('p99'):>8.1f}"
        f"{ours('cpu'):>10.2f}{sum(p[0]['errors'] for p in pairs):>8}",
        flush=True,
    )


if __name__ == "__main__":
    main()

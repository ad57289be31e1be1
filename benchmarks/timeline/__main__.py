"""`python -m benchmarks.timeline`: see --help and benchmarks/README.md."""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles

from benchmarks.ingest.load import Target, run_load
from benchmarks.portal import ROOT, Portal, new_database, postgres, wait_for
from benchmarks.timeline.stored import fill
from tests.portal import free_port

QUESTIONS = ("what happened in the last hour?", "what software did we deploy in the last day?")
CHANGE = r"""
local function alert(key, n)
  return '{"kind":"deployment","title":"Deploy ' .. n .. '","service":"service-' .. n % 2000 ..
    '","environment":"env-' .. n % 8 .. '","version":"v' .. n .. '","actor":"person-' ..
    n % 300 .. '","source":"benchmark","external_id":"' .. key .. '","started_at":"' ..
    os.date("!%Y-%m-%dT%H:%M:%SZ") .. '"}'
end
"""


def asked(portal, path):
    """Milliseconds until the whole answer is there."""
    request = urllib.request.Request(portal.url + path)
    request.add_header("Authorization", f"Bearer {portal.key}")
    started = time.perf_counter()
    with urllib.request.urlopen(request, timeout=120) as answer:
        answer.read()
    return (time.perf_counter() - started) * 1000


def questions(portal, rounds):
    """The two questions of every incident, through HTTP."""
    for question in QUESTIONS:
        path = f"/api/v1/ask?{urllib.parse.urlencode({'q': question})}"
        asked(portal, path)
        times = [asked(portal, path) for _ in range(rounds)]
        p95 = quantiles(times, n=20)[-1]
        print(f"  {question:45} p50 {median(times):7.1f} ms   p95 {p95:7.1f} ms")


def queries(portal, rounds):
    """What pages ask beside plain SQL; query -> median milliseconds."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.timeline.queries", str(rounds)],
        cwd=ROOT, env=portal.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(done.stderr)
    seen = [json.loads(line) for line in done.stdout.splitlines()]
    print(f"  {'':45}{'ours ms':>9}{'p95':>9}{'SQL ms':>9}{'ratio':>8}{'rows':>7}")
    for found in seen:
        print(
            f"  {found['query']:45}{found['ours']:>9.2f}{found['p95']:>9.2f}{found['plain']:>9.2f}"
            f"{found['ratio']:>7.2f}x{found['rows']:>7}"
        )
    return {found["query"]: found["ours"] for found in seen}


@contextmanager
def barest(folder, server):
    """The same tables without the portal's code before them."""
    database = new_database(server, "barest_timeline") if server else ""
    home = Portal(folder, database)
    home.set_up()
    where = database or str(folder / "opsportal.sqlite3")
    environment = {**os.environ, "BAREST_DATABASE_URL": where, "PYTHONPATH": str(ROOT)}
    port = free_port()
    argv = [
        str(Path(sys.executable).parent / "granian"), "--interface", "wsgi", "--port", str(port),
        "--workers", "2" if database else "1", "--blocking-threads", "4", "--log-level", "warning",
        "benchmarks.timeline.barest:application",
    ]  # fmt: skip
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(argv, cwd=ROOT, env=environment, stdout=quiet, stderr=quiet)
    try:
        wait_for(f"http://127.0.0.1:{port}/")
        yield Target(f"http://127.0.0.1:{port}", "/", CHANGE)
    finally:
        process.terminate()
        process.wait(30)


def ingest(portal, yardstick, options):
    """Changes a second, in arrays of 500 and one by one."""
    ours = Target(portal.url, "/api/v1/events", CHANGE, key=portal.key)
    for batch, connections in ((500, 8), (1, 16), (1, 64)):
        ratios, rates = [], []
        for turn in range(options.rounds + 1):
            seen = []
            for target in (ours, yardstick):
                tag = f"{batch}-{connections}-{turn}-{int(time.time())}-"
                seen.append(
                    run_load(
                        target, batch=batch, keys=0, tag=tag, connections=connections,
                        seconds=options.seconds,
                    )
                )  # fmt: skip
            if turn:
                rates.append([found.alerts / found.seconds for found in seen])
                ratios.append(rates[-1][0] / (rates[-1][1] or 1))
            last = seen[0]
        mine, theirs = (median(pair[place] for pair in rates) for place in (0, 1))
        what = f"arrays of {batch}" if batch > 1 else "single"
        print(
            f"  {what}, {connections} connections: {mine:8.0f}/s beside {theirs:8.0f}/s,"
            f" {median(ratios):.2f}x, p99 {last.p99:.0f} ms, errors {last.errors}",
            flush=True,
        )


def measure(server, options):
    """One database: fill, ask, fill further, ask again; then take in."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database = new_database(server, "timeline_benchmark") if server else ""
        portal = Portal(folder, database)
        portal.set_up()
        scopes = [word for scope in ("events:read", "events:write") for word in ("--scope", scope)]
        portal.key = portal.manage("createkey", "timeline", *scopes)
        portal.start()
        stack.callback(portal.stop)
        grown, there = {}, 0
        for size in options.sizes:
            started = time.monotonic()
            fill(portal, size - there, first=there)
            portal.manage("rebuildstate")
            there = size
            name = "PostgreSQL" if server else "SQLite"
            print(f"\n{name}, {size:,} changes (filled in {time.monotonic() - started:.0f} s)")
            grown[size] = queries(portal, options.asks)
            questions(portal, options.asks)
        print("\n  growth, each size beside the one before")
        sizes = list(grown)
        for query in grown[sizes[0]]:
            steps = [grown[b][query] / grown[a][query] for a, b in pairwise(sizes)]
            print(f"  {query:45}" + "".join(f"{step:7.2f}x" for step in steps))
        if options.seconds:
            other = folder / "barest"
            other.mkdir()
            ingest(portal, stack.enter_context(barest(other, server)), options)


def main():
    parser = argparse.ArgumentParser(prog="benchmarks.timeline")
    parser.add_argument("--databases", default="sqlite,postgres")
    parser.add_argument("--postgres", default="", help="a server's URL; else one is started")
    parser.add_argument("--sizes", default="10000,1000000,10000000")
    parser.add_argument("--asks", type=int, default=15, help="of each query")
    parser.add_argument("--rounds", type=int, default=3, help="of taking in")
    parser.add_argument("--seconds", type=int, default=3, help="each; 0: nothing is taken in")
    options = parser.parse_args()
    options.sizes = [int(size) for size in options.sizes.split(",")]
    if "sqlite" in options.databases:
        measure("", options)
    if "postgres" in options.databases:
        with postgres(options.postgres) as (url, _):
            measure(url, options)


if __name__ == "__main__":
    main()

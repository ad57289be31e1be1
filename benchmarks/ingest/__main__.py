"""`python -m benchmarks.ingest`: see --help and benchmarks/README.md."""

import argparse
import contextlib
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.ingest.load import run_load
from benchmarks.ingest.peers import PEERS, our_portal
from benchmarks.ingest.stored import fill_barest, fill_portal
from benchmarks.portal import cpu_seconds, postgres
from tests.alerta_server import UnavailableError

# name -> (what, alerts a post, keys; 0 makes each alert a new one)
CASES = {
    "new": ("single, all new", 1, 0),
    "hot": ("single, 100 keys", 1, 100),
    "new64": ("arrays of 64, all new", 64, 0),
    "hot64": ("arrays of 64, 20,000 keys", 64, 20_000),
    "new1000": ("arrays of 1000, all new", 1000, 0),
    "hot1000": ("arrays of 1000, 20,000 keys", 1000, 20_000),
}
HEAD = (
    f"{'':18}{'alerts/s':>10}{'routed/s':>10}{'p50 ms':>9}{'p99 ms':>9}{'cpu/1000':>10}"
    f"{'ours':>9}{'routed':>9}{'errors':>8}"
)


def measure(server, case, connections, seconds, tag):
    """Alerts a second until all is committed and routed, and what it cost."""
    _, batch, keys = case
    options = {"batch": batch, "keys": keys, "connections": connections}
    warm_tag = tag if keys else f"w{tag}"
    run_load(server.target, tag=warm_tag, seconds=1, **options)
    server.drained()
    cpu, started = cpu_seconds(server.pids), time.monotonic()
    seen = run_load(server.target, tag=tag, seconds=seconds, **options)
    server.drained()
    took = time.monotonic() - started
    cpu = cpu_seconds(server.pids) - cpu
    return {
        "accepted": seen.alerts / seen.seconds,
        "routed": seen.alerts / max(took, seen.seconds),
        "p50": seen.p50,
        "p99": seen.p99,
        "cpu": cpu / max(seen.alerts, 1) * 1000,
        "errors": seen.errors,
    }


def open_keys(server, keys, tag):
    """Post each key once; the load takes its keys in the same order."""
    options = {"batch": 1000 if server.target.arrays else 1, "keys": keys}
    run_load(server.target, tag=tag, connections=1, seconds=2, **options)
    server.drained()


def run_case(servers, name, connections, options):
    """All servers in turn, round by round; a line each."""
    case = what, batch, keys = CASES[name]
    able = [server for server in servers if batch == 1 or server.target.arrays]
    if keys > 1000:  # all keys are there before the first repeat is timed
        for server in able:
            open_keys(server, keys, f"hot{batch}-")
    rounds = []
    for turn in range(options.rounds):
        tag = f"hot{batch}-" if keys else f"{batch}-{connections}-{turn}-{int(time.time())}-"
        rounds.append([measure(server, case, connections, options.seconds, tag) for server in able])
    print(f"{what}, {connections} connections")
    for place, server in enumerate(able):
        print_row(server.name, [(each[0], each[place]) for each in rounds], ours=place == 0)
    for server in servers:
        if server not in able:
            print(f"  {server.name:16}{'takes no arrays':>20}")


def print_row(name, pairs, *, ours):
    """Medians over the rounds; ratios (ours to this one) are taken round by round."""

    def middle(field):
        return median(theirs[field] for _, theirs in pairs)

    def ratio(field):
        return median(mine[field] / (theirs["accepted"] or 1) for mine, theirs in pairs)

    ratios = "" if ours else f"{ratio('accepted'):>8.2f}x{ratio('routed'):>8.2f}x"
    routed = f"{middle('routed'):.0f}" if ours else ""
    print(
        f"  {name:16}{middle('accepted'):>10.0f}{routed:>10}{middle('p50'):>9.2f}"
        f"{middle('p99'):>9.1f}{middle('cpu'):>10.3f}{ratios:>18}"
        f"{sum(theirs['errors'] for _, theirs in pairs):>8}",
        flush=True,
    )


def run_all(server, also, options):
    """Every case on one database; with --stored once more on a store in use."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = [stack.enter_context(our_portal(folder, server, also))]
        for name in options.peers:
            try:
                servers.append(stack.enter_context(PEERS[name](folder, server, also)))
            except UnavailableError as reason:
                print(f"without {name}: {reason}")
        for stored in [0, options.stored][: 1 + bool(options.stored)]:
            if stored:
                fill_portal(servers[0].portal, stored)
                if "barest" in options.peers:
                    place = servers[1].database if server else folder / "barest.sqlite3"
                    fill_barest(place, stored, postgres=bool(server))
            print(f"\n{'PostgreSQL' if server else 'SQLite'}, {stored:,} stored episodes")
            print(HEAD)
            for name in options.cases:
                for connections in options.connections:
                    run_case(servers, name, connections, options)


def several(known, convert=str):
    """An option of comma-separated words."""

    def parse(text):
        words = [convert(word) for word in text.split(",") if word]
        unknown = [word for word in words if known and word not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"{unknown[0]!r}; known: {', '.join(known)}")
        return words

    return parse


def main():
    parser = argparse.ArgumentParser(prog="benchmarks.ingest")
    both = ["sqlite", "postgres"]
    parser.add_argument("--databases", type=several(both), default=both)
    parser.add_argument("--postgres", default="", help="a server's URL; else one is started")
    parser.add_argument("--peers", type=several(PEERS), default=list(PEERS))
    parser.add_argument("--cases", type=several(CASES), default=list(CASES))
    parser.add_argument("--connections", type=several((), int), default=[1, 16, 64])
    parser.add_argument("--stored", type=int, default=0, help="measure also with so many episodes")
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(f"medians of {options.rounds} rounds of {options.seconds} s; `ours` and `routed`: the")
    print("portal's alerts accepted, and accepted and routed, for each that this server takes")
    if "sqlite" in options.databases:
        run_all("", (), options)
    if "postgres" in options.databases:
        with postgres(options.postgres) as (url, pid):
            run_all(url, (pid,) if pid else (), options)


if __name__ == "__main__":
    main()

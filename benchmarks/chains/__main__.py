"""`python -m benchmarks.chains`: see --help and benchmarks/README.md."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.portal import ROOT

PEER = Path(__file__).with_name("peer_sslyze.py")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chains")
    parser.add_argument("--endpoints", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--concurrency", type=int, default=200)
    parser.add_argument("--timeout", type=float, default=3.0, help="seconds, of the dead")
    parser.add_argument("--sslyze", default="", help="the python of an environment that has it")
    parser.add_argument("--sslyze-endpoints", type=int, default=400)
    options = parser.parse_args()
    print(f"{options.endpoints} servers, {options.concurrency} at once; load {loads()} before")
    with servers(options.endpoints, options.endpoints // 10) as where:
        alive(where["live"], options)
        dead(where, options)
    print(f"load {loads()} after")


def alive(where: Sequence[Any], options: argparse.Namespace) -> None:
    """All answer."""
    ways = {
        "bare": lambda: measured(where, "bare", {"concurrency": options.concurrency}),
        "ours": lambda: measured(where, "ours", {"concurrency": options.concurrency}),
        "fast": lambda: measured(where, "ours", {"concurrency": options.concurrency, "fast": True}),
    }
    if options.sslyze and Path(options.sslyze).exists():
        some = {"where": where[: options.sslyze_endpoints]}
        ways["sslyze"] = lambda: asked([options.sslyze, str(PEER)], some)
    else:
        print("  (no sslyze: --sslyze names the python of an environment that has it)")
    runs: dict[str, list[dict[str, float]]] = {how: [] for how in ways}
    for _ in range(options.rounds):
        for how, run in ways.items():
            runs[how].append(run())
    print(f"  {'':10}{'read':>12}{'a second':>10}{'CPU ms each':>13}{'MB above idle':>15}")
    for how, said in runs.items():
        count = options.sslyze_endpoints if how == "sslyze" else len(where)
        read = min(int(each["read"]) for each in said)
        speed, cpu, memory = rate(said, count), spent(said, count), most(said)
        print(f"  {how:10}{read:>6}/{count:<5}{speed:>10.0f}{cpu * 1000:>13.2f}{memory:>15.0f}")
    compare(runs, "bare", "0.8", len(where), len(where))
    if "sslyze" in runs:
        compare(runs, "sslyze", "8", len(where), options.sslyze_endpoints)


def compare(
    runs: dict[str, list[dict[str, float]]], other: str, wanted: str, count: int, others: int
) -> None:
    """Our rate to the other's, round by round."""
    ratios = [
        (count / ours["seconds"]) / (others / theirs["seconds"])
        for ours, theirs in zip(runs["ours"], runs[other], strict=True)
    ]
    print(f"  ours to {other}, by rounds: {median(ratios):.2f} ({listed(ratios)}); asked {wanted}")


def dead(where: dict[str, Any], options: argparse.Namespace) -> None:
    """One in ten accepts and says nothing; at several widths, against what cannot be beaten: what
    as many that answer took just before, or the waiting, if that is more."""
    silent = where["dead"]
    mixed = where["live"][: options.endpoints - len(silent)] + silent
    print(f"  {len(silent)} of {len(mixed)} dead, {options.timeout:g} s each")
    for concurrency in sorted({64, 100, options.concurrency}):
        for retry in (False, True):
            settings = {"concurrency": concurrency, "timeout": options.timeout, "retry": retry}
            answered = measured(where["live"], "ours", settings)["seconds"]
            said = measured(mixed, "ours", settings)
            tries = len(silent) * (2 if retry else 1)
            bound = max(answered, tries * options.timeout / concurrency)
            print(
                f"    {concurrency:>4} at once, {'asked twice' if retry else 'asked once':12}"
                f"{said['seconds']:>6.1f} s; all answering {answered:.1f} s; bound {bound:.1f},"
                f" {said['seconds'] / bound:.2f}x (asked 1.5); {said['read']} read"
            )


def rate(said: list[dict[str, float]], count: int) -> float:
    """Endpoints a second, the median."""
    return median(count / each["seconds"] for each in said)


def spent(said: list[dict[str, float]], count: int) -> float:
    """CPU seconds of the client for one, the median."""
    return median(each["cpu"] / count for each in said)


def most(said: list[dict[str, float]]) -> float:
    """Megabytes."""
    return max(each["above_idle_mb"] for each in said)


def listed(ratios: list[float]) -> str:
    """For people."""
    return ", ".join(f"{each:.2f}" for each in ratios)


def loads() -> str:
    """Of the machine, the last minute."""
    return f"{os.getloadavg()[0]:.1f}"


def measured(where: Sequence[Any], how: str, settings: dict[str, Any]) -> dict[str, float]:
    """In a process of its own."""
    request = {"where": where, "how": how, "options": settings}
    return asked([sys.executable, "-m", "benchmarks.chains.measure"], request)


def asked(argv: list[str], request: dict[str, Any]) -> dict[str, float]:
    """What the process says to this."""
    done = subprocess.run(
        argv, input=json.dumps(request), cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    said: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return said


@contextmanager
def servers(live: int, silent: int) -> Iterator[dict[str, Any]]:
    """Where they listen."""
    argv = [sys.executable, "-m", "benchmarks.chains.servers", str(live), str(silent)]
    process = subprocess.Popen(
        argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(10)


if __name__ == "__main__":
    main()

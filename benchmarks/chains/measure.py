"""One way of reading, in a process of its own: JSON in, JSON out."""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.chains import barest
from certs.tls import Result, Target, read_all
from certs.tls.profiles import profiles


def main() -> None:
    """`where`, `how` ("bare" or "ours"), and for ours its options."""
    asked = json.load(sys.stdin)
    where = [(address, port) for address, port in asked["where"]]
    profiles()
    idle = resident_mb()
    cpu, began = time.process_time(), time.perf_counter()
    if asked["how"] == "bare":
        read = barest.run(where, asked["options"]["concurrency"])
    else:
        read = ours(where, asked["options"])
    said = {
        "read": read,
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - cpu,
        "above_idle_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - idle,
    }
    print(json.dumps(said))


def ours(where: list[tuple[str, int]], options: dict[str, Any]) -> int:
    """How many chains were read."""
    targets = (Target(address, port) for address, port in where)
    readings = read_all(targets, **options)
    return sum(each.result is Result.OK and len(each.chain) == 2 for each in readings)


def resident_mb() -> float:
    """Now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024 / 1024


if __name__ == "__main__":
    main()

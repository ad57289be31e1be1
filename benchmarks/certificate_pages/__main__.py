"""`python -m benchmarks.certificate_pages`: see --help and benchmarks/README.md."""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.portal import ROOT, Portal, new_database, postgres


def measure(server, options):
    """Fill a database and ask for its pages."""
    with tempfile.TemporaryDirectory() as name:
        portal = Portal(Path(name), new_database(server, "certificate_pages") if server else "")
        portal.manage("setup")
        started = time.monotonic()
        run(portal, "fill", options.certificates)
        print(
            f"\n{'PostgreSQL' if server else 'SQLite'}, {options.certificates:,} certificates "
            f"(filled in {time.monotonic() - started:.0f} s)"
        )
        print(f"  {'':38}{'median ms':>10}{'CPU ms':>8}{'p95 ms':>9}{'statements':>12}")
        run(portal, "pages", options.asks)


def run(portal, module, number):
    """A module of this benchmark in a process of its own; what it says as rows."""
    with subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.certificate_pages.{module}", str(number)],
        cwd=ROOT, env=portal.environment, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        for line in process.stdout:
            found = json.loads(line)
            print(
                f"  {found['page']:38}{found['median']:>10.1f}{found['cpu']:>8.1f}"
                f"{found['p95']:>9.1f}{found['statements']:>12}",
                flush=True,
            )
    if process.returncode:
        sys.exit(process.returncode)


def main():
    parser = argparse.ArgumentParser(prog="benchmarks.certificate_pages")
    parser.add_argument("--databases", default="sqlite,postgres")
    parser.add_argument("--postgres", default="", help="a server's URL; else one is started")
    parser.add_argument("--certificates", type=int, default=100_000)
    parser.add_argument("--asks", type=int, default=40, help="of each page")
    options = parser.parse_args()
    if "sqlite" in options.databases:
        measure("", options)
    if "postgres" in options.databases:
        with postgres(options.postgres) as (url, _):
            measure(url, options)


if __name__ == "__main__":
    main()

"""Routing alone: microseconds for one new alert, by the number of rules.

python -m benchmarks.route            on SQLite, in a directory of its own
python -m benchmarks.route --postgres postgres://user@127.0.0.1/postgres
"""

import argparse
import os
import subprocess
import sys
import tempfile
from contextlib import nullcontext

from tests.postgres import new_database


def main() -> int:
    """Measure in a process of its own, with settings of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgres", default="", help="a server where a database may be made")
    parser.add_argument("--rules", default="1,10,1000")
    options = parser.parse_args()
    database = new_database(options.postgres) if options.postgres else nullcontext("")
    with tempfile.TemporaryDirectory(prefix="opsportal-route-") as home, database as url:
        env = os.environ | {
            "OPSPORTAL_DATA_DIR": home,
            "OPSPORTAL_SECRET_KEY": "for-a-benchmark-only-" + "x" * 50,
            "OPSPORTAL_LOG_LEVEL": "WARNING",
            "OPSPORTAL_DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "opsportal.settings",
        }
        if not url:
            del env["OPSPORTAL_DATABASE_URL"]
        command = [sys.executable, "-m", "benchmarks.route.measure", options.rules]
        return subprocess.run(command, env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

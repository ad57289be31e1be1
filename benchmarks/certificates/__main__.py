"""Evaluate an inventory of 100,000 certificates with 50 subscriptions.

python -m benchmarks.certificates            on SQLite, in a directory of its own
python -m benchmarks.certificates --postgres postgres://user@127.0.0.1/postgres
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
    parser.add_argument("--certificates", type=int, default=100_000)
    parser.add_argument("--subscriptions", type=int, default=50)
    options = parser.parse_args()
    database = new_database(options.postgres) if options.postgres else nullcontext("")
    with tempfile.TemporaryDirectory(prefix="opsportal-certs-") as home, database as url:
        env = os.environ | {
            "OPSPORTAL_DATA_DIR": home,
            "OPSPORTAL_SECRET_KEY": "for-a-benchmark-only-" + "x" * 50,
            "OPSPORTAL_LOG_LEVEL": "WARNING",
            "OPSPORTAL_DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "opsportal.settings",
        }
        if not url:
            del env["OPSPORTAL_DATABASE_URL"]
        sizes = [str(options.certificates), str(options.subscriptions)]
        command = [sys.executable, "-m", "benchmarks.certificates.measure", *sizes]
        return subprocess.run(command, env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

"""A certificate's life over 398 simulated days: which messages went to whom.

python -m benchmarks.certificate_life

On SQLite in a directory of its own, through the real gateway; only the mail is kept instead of
sent. `tests/certs/test_life.py` holds it to the letter.
"""

import os
import subprocess
import sys
import tempfile


def main() -> int:
    """In a process of its own, with settings of its own."""
    with tempfile.TemporaryDirectory(prefix="opsportal-life-") as home:
        env = os.environ | {
            "OPSPORTAL_DATA_DIR": home,
            "OPSPORTAL_SECRET_KEY": "for-a-benchmark-only-" + "x" * 50,
            "OPSPORTAL_LOG_LEVEL": "WARNING",
            "DJANGO_SETTINGS_MODULE": "tests.settings",
        }
        env.pop("OPSPORTAL_DATABASE_URL", None)
        command = [sys.executable, "-m", "benchmarks.certificate_life.show"]
        return subprocess.run(command, env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

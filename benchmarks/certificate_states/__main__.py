"""Servers in every state: what is read of each, and what is found wrong.

python -m benchmarks.certificate_states

The servers are the demo's (`certs/demo/cast.py`); `tests/certs/test_demo.py` holds the table.
"""

import os
import subprocess
import sys
import tempfile


def main() -> int:
    """In a process of its own, with settings of its own."""
    with tempfile.TemporaryDirectory(prefix="opsportal-states-") as home:
        env = os.environ | {
            "OPSPORTAL_DATA_DIR": home,
            "OPSPORTAL_SECRET_KEY": "for-a-benchmark-only-" + "x" * 50,
            "OPSPORTAL_LOG_LEVEL": "WARNING",
            "AWS_EC2_METADATA_DISABLED": "true",
            "OPSPORTAL_CERTS_SCAN_ALLOW": "127.0.0.0/8",
            "OPSPORTAL_CERTS_FILES": f"{home}/tls",
            "DJANGO_SETTINGS_MODULE": "opsportal.settings",
        }
        env.pop("OPSPORTAL_DATABASE_URL", None)
        command = [sys.executable, "-m", "benchmarks.certificate_states.show"]
        return subprocess.run(command, env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

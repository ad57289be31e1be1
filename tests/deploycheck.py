"""`make lint`'s last part: no missing migration, and a clean deploy check as behind HTTPS."""

import os
import subprocess
import sys
import tempfile

COMMANDS = (
    ("makemigrations", "--check", "--dry-run", "--verbosity", "0"),
    ("check", "--deploy", "--fail-level", "WARNING"),
)


def main() -> int:
    """The first failing command's exit code."""
    with tempfile.TemporaryDirectory() as data_dir:
        env = {
            **{k: v for k, v in os.environ.items() if not k.startswith("OPSPORTAL_")},
            "OPSPORTAL_DATA_DIR": data_dir,
            "OPSPORTAL_PUBLIC_URL": "https://portal.example.org",
            "DJANGO_SETTINGS_MODULE": "opsportal.settings",
        }
        for command in COMMANDS:
            done = subprocess.run([sys.executable, "manage.py", *command], env=env, check=False)
            if done.returncode:
                return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The original: alerta-server in an environment of its own, since it wants other versions than us.

`python -m tests.alerta_server` installs it, once; what needs it is skipped where it is not there.
"""

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.portal import ROOT, free_port
from tests.waiting import wait_until

VERSION = "9.1.0"
VENV = ROOT / "var" / f"alerta-{VERSION}"
# Its database serves best, and sorts as Python does, so.
LOCALE = "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"


class UnavailableError(Exception):
    """It is not to be had here; says why."""


def is_installed() -> bool:
    """Whether it can be run."""
    return (VENV / "done").exists()


def install_alerta() -> None:
    """Install it unless it is. Raises UnavailableError."""
    if is_installed():
        return
    print(f"installing alerta-server {VERSION} into {VENV} ...", file=sys.stderr)  # noqa: T201
    wanted = [f"alerta-server=={VERSION}", "psycopg2-binary", "gunicorn", "setuptools<81"]
    pip = [str(VENV / "bin/pip"), "install", "-q", "--disable-pip-version-check"]
    for argv in ([sys.executable, "-m", "venv", "--clear", str(VENV)], [*pip, *wanted]):
        done = subprocess.run(argv, check=False, capture_output=True, text=True)
        if done.returncode:
            raise UnavailableError(f"alerta-server is not installed: {done.stderr.strip()[-300:]}")
    (VENV / "done").touch()


@contextmanager
def running_alerta(
    database: str, folder: Path, settings: str = "", workers: int = 1
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Its address and first process, on an empty PostgreSQL database."""
    conf, log = folder / "alertad.conf", folder / "alerta.log"
    conf.write_text(f"AUTH_REQUIRED = False\nSECRET_KEY = 'x'\nLOG_LEVEL = 'ERROR'\n{settings}")
    environment = {
        **os.environ,
        # Its driver knows the address by this name only.
        "DATABASE_URL": database.replace("postgres://", "postgresql://"),
        "ALERTA_SVR_CONF_FILE": str(conf),
    }
    # Its workers trip over each other when they make the tables side by side.
    make = [str(VENV / "bin/python"), "-c", "from alerta.app import create_app; create_app()"]
    done = subprocess.run(make, env=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        raise UnavailableError(f"alerta-server does not start: {done.stderr.strip()[-300:]}")
    url = f"http://127.0.0.1:{(port := free_port())}"
    argv = [
        str(VENV / "bin/gunicorn"), "-b", f"127.0.0.1:{port}", "-w", str(workers), "-k", "gthread",
        "--threads", "4", "--log-level", "error", "alerta.app:create_app()",
    ]  # fmt: skip
    with log.open("ab") as said:
        process = subprocess.Popen(argv, env=environment, stdout=said, stderr=said)
    try:
        try:
            wait_until(lambda: _answers(f"{url}/management/gtg"), 30, every=0.1)
        except AssertionError as error:
            raise UnavailableError(f"alerta does not answer: {log.read_text()[-300:]}") from error
        yield url, process
    finally:
        process.terminate()
        process.wait(30)


def _answers(url: str) -> bool:
    with suppress(OSError), urllib.request.urlopen(url, timeout=2):
        return True
    return False


if __name__ == "__main__":
    try:
        install_alerta()
    except UnavailableError as error:
        sys.exit(str(error))

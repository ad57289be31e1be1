"""The real portal in processes of its own, for tests that kill, stop and restart them."""

import contextlib
import fcntl
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "a-password-for-tests"


def free_port() -> int:
    """A port nobody listens on, and none that the kernel hands out meanwhile."""
    while True:
        port = random.randint(20_000, 32_000)  # noqa: S311  (below the ephemeral ones)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Portal:
    """`manage.py up` on a free port, with a data directory (and perhaps database) of its own.

    Every process of it carries a mark in its environment; that is how they are found, orphans
    included.
    """

    def __init__(self, data_dir: Path, env: dict[str, str], args: tuple[str, ...] = ()) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.data_dir = data_dir
        self.key = ""
        self.log = data_dir / f"portal-{self.port}.log"
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("OPSPORTAL_", "DJANGO_"))
        }
        self.env = {
            **inherited,
            "DJANGO_SETTINGS_MODULE": "opsportal.settings",
            "OPSPORTAL_DATA_DIR": str(data_dir),
            "OPSPORTAL_ADMIN_PASSWORD": PASSWORD,
            "OPSPORTAL_OUTBOUND_ALLOW": "127.0.0.0/8,::1/128",
            "OPSPORTAL_LOG_FORMAT": "text",
            "OPSPORTAL_TEST_PORTAL": str(self.port),
            **env,
        }
        self.args = args
        self.supervisor: subprocess.Popen[bytes]

    def start(self) -> None:
        """Start and wait until it answers."""
        self._copy_assets()
        with self.log.open("ab") as log:
            self.supervisor = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--port", str(self.port), *self.args],
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_until(self._up, 120, every=0.1, what="the portal answers")
        if found := re.search(r"API key: +(\S+)", self.output()):
            self.key = found[1]

    def _copy_assets(self) -> None:
        """The run's collected static files: collecting takes seconds, and is tested by itself."""
        if (self.data_dir / "static").exists():
            return
        kept = Path(os.environ["OPSPORTAL_TEST_ASSETS"])
        with (kept / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (kept / "data").exists():
                code = "from opsportal.runtime.assets import collect_assets; collect_assets()"
                subprocess.run(
                    [sys.executable, "-c", f"import django; django.setup(); {code}"],
                    cwd=ROOT,
                    env=self.env | {"OPSPORTAL_DATA_DIR": str(kept / "new")},
                    check=True,
                )
                (kept / "new").rename(kept / "data")
        for name in ("static", "static.stamp"):
            copy = shutil.copytree if name == "static" else shutil.copy2
            copy(kept / "data" / name, self.data_dir / name)

    def _up(self) -> bool:
        if self.supervisor.poll() is not None:
            raise AssertionError(f"the portal ended:\n{self.output()}")
        if self.args and "web" not in self.args:
            return len(self.pids()) > 2
        return self.get("/healthz")[0] == 200 and "is ready at" in self.output()

    def output(self) -> str:
        """All that its processes have said."""
        return self.log.read_text(errors="replace")

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
        """Status and body; status 0 when nobody answers."""
        request = urllib.request.Request(self.url + path, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def ready(self) -> bool:
        """Whether /readyz says so."""
        return self.get("/readyz")[0] == 200

    def pids(self, needle: str = "") -> list[int]:
        """Its living processes, children of children included, whose command line has `needle`."""
        mark = f"OPSPORTAL_TEST_PORTAL={self.port}\0".encode()
        found = []
        for process in Path("/proc").iterdir():
            if not process.name.isdigit():
                continue
            try:
                environ = (process / "environ").read_bytes()
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                state = (process / "stat").read_text().rpartition(")")[2].split()[0]
            except OSError:
                continue
            if mark in environ + b"\0" and needle in command and state != "Z":
                found.append(int(process.name))
        return sorted(found)

    def kill(self, needle: str, number: int = signal.SIGKILL) -> list[int]:
        """Signal all processes whose command line has `needle`."""
        pids = self.pids(needle)
        for pid in pids:
            os.kill(pid, number)
        return pids

    def stop(self, number: int = signal.SIGTERM, seconds: float = 30) -> float:
        """End it; how long that took. AssertionError when processes stay."""
        start = time.monotonic()
        if self.supervisor.poll() is None:
            self.supervisor.send_signal(number)
        try:
            self.supervisor.wait(seconds)
            wait_until(lambda: not self.pids(), seconds, what="no process is left")
        finally:
            for pid in self.pids():
                os.kill(pid, signal.SIGKILL)
            self.supervisor.wait(5)
        return time.monotonic() - start


@contextmanager
def running_portal(
    data_dir: Path, env: dict[str, str] | None = None, args: tuple[str, ...] = ()
) -> Iterator[Portal]:
    """A portal for the length of a `with` block."""
    portal = Portal(data_dir, env or {}, args)
    try:
        portal.start()
        yield portal
    finally:
        if hasattr(portal, "supervisor"):
            portal.stop()

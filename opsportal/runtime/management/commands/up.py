"""`manage.py up`: the whole portal as one supervised group of processes."""

import errno
import os
import socket
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from opsportal.lib.env import env_str
from opsportal.lib.times import utc_now
from opsportal.runtime.prepare import FirstStart, prepare_portal
from opsportal.runtime.supervise import Child, Supervisor
from opsportal.runtime.welcome import reachable, ready_text, url_of

PARTS = ("web", "workers", "dispatcher")


def web_argv(host: str, port: int) -> list[str]:
    """The web server. Django's views are synchronous: a few threads a worker, no more."""
    options = {
        "--interface": "wsgi",
        "--host": host,
        "--port": str(port),
        "--workers": str(settings.WEB_WORKERS),
        "--blocking-threads": str(settings.WEB_THREADS),
        # Measured: it counts open connections of a worker, idle ones too; a connection beyond it
        # waits in the backlog. Room for those that are kept open, and no endless queue.
        "--backpressure": "1024",
        "--respawn-interval": "0.5",
        "--workers-kill-timeout": "5",
        "--log-level": "error",
    }
    flags = ["--respawn-failed-workers", "--no-ws"]
    target = ":".join(settings.WSGI_APPLICATION.rsplit(".", 1))
    granian = str(Path(sys.executable).with_name("granian"))
    return [granian, *(part for pair in options.items() for part in pair), *flags, target]


def manage_argv(command: str) -> list[str]:
    """A management command of this project."""
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), command]


def refuse_taken_port(host: str, port: int) -> None:
    """Raise CommandError when somebody else listens there."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            reason = f"port {port} on {host} is taken; choose another with PORT=..."
        else:
            reason = f"cannot listen on {host}:{port}: {error}"
        raise CommandError(reason, returncode=2) from error


def announce_public_url(host: str, port: int) -> str:
    """Where people reach the portal; told to the children when the environment does not say."""
    url = env_str("PUBLIC_URL") or url_of(host, port)
    os.environ["OPSPORTAL_PUBLIC_URL"] = url
    return url.rstrip("/")


def announce_when_ready(host: str, port: int, say: Callable[[], None]) -> Callable[[], None]:
    """A function that calls `say` once the web server takes connections."""
    waiting = [True]

    def look() -> None:
        if not waiting:
            return
        try:
            socket.create_connection((reachable(host), port), 0.2).close()
        except OSError:
            return
        waiting.clear()
        say()

    return look


class Command(BaseCommand):
    """Runs web server, workers and dispatcher until Ctrl-C or SIGTERM."""

    help = "Start the portal: web server, workers, dispatcher, supervised as one group."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The address, and parts for scaling out."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--only",
            choices=PARTS,
            action="append",
            help="start this part only (repeatable); run `manage.py setup` once before",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare, start and supervise."""
        host, port, only = options["host"], options["port"], options["only"] or PARTS
        if "web" in only:
            refuse_taken_port(host, port)
        made = FirstStart() if options["only"] else prepare_portal(utc_now())
        connections.close_all()
        argv = {
            "web": web_argv(host, port),
            "workers": manage_argv("qcluster"),
            "dispatcher": manage_argv("dispatch"),
        }

        url = announce_public_url(host, port)

        def say() -> None:
            self.stdout.write(ready_text(url, made))
            self.stdout.flush()

        tick = announce_when_ready(host, port, say) if "web" in only else (lambda: None)
        children = [Child(name, argv[name]) for name in PARTS if name in only]
        sys.exit(Supervisor(children, each_tick=tick).run())

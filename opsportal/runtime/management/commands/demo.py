"""Give a running portal some life, so that every page has something to show."""

import contextlib
import io
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from opsportal.lib.env import env_str
from opsportal.lib.registry import plugins
from opsportal.runtime.demo import Demo, NoPortalError, Sink, Stage, play_demos
from opsportal.runtime.demo_world import answers, run_world
from opsportal.runtime.welcome import url_of

_SCOPES = ("alerts:write", "alerts:read", "alerts:respond", "events:write")
_PAST = timedelta(minutes=30)


class Command(BaseCommand):
    """`manage.py demo`."""

    help = "Play a plausible day on a running portal, through its public interfaces only."

    def add_arguments(self, parser: CommandParser) -> None:
        """What can be chosen."""
        parser.add_argument("--url", help="where the portal answers; else OPSPORTAL_PUBLIC_URL")
        parser.add_argument("--host", default="127.0.0.1", help="where it was told to listen")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--fast", action="store_true", help="half an hour at once, then live")
        parser.add_argument("--seconds", type=float, help="stop after so long; else until Ctrl-C")
        parser.add_argument("--seed", type=int, default=1, help="the same seed, the same play")
        parser.add_argument(
            "--world",
            action="store_true",
            help="where no portal answers: start one of its own, with a cloud and a mail server, "
            "on data that the next such demo throws away",
        )

    def handle(self, **options: Any) -> None:
        """Set the stage, play, and clear up."""
        url = options["url"] or env_str("PUBLIC_URL") or url_of(options["host"], options["port"])
        if options["world"] and not answers(url):
            sys.exit(run_world(options["host"], options["port"], _passed_on(options)))
        sink = Sink()
        key = _new_key()
        stage = Stage(url, key, sink, seed=options["seed"], tell=self.stdout.write)
        demos: list[Demo] = [kind() for kind in plugins("DEMOS").values()]
        try:
            _greet(stage)
            for demo in demos:
                _apply(demo.configuration(stage))
            self._introduce(stage)
            past = _PAST if options["fast"] else timedelta(0)
            with contextlib.suppress(KeyboardInterrupt):
                play_demos(demos, stage, past=past, seconds=options["seconds"])
        except NoPortalError as error:
            raise CommandError(
                f"{error}\nStart one with `make run`; is it on another port: PORT=... make demo"
            ) from error
        finally:
            sink.close()
            call_command("revokekey", key.split("_")[1], stdout=io.StringIO())
        self.stdout.write(
            f"\nThe demo's sink took {sink.taken} webhooks and refused {sink.refused} on purpose. "
            "Its key is revoked; what it posted resolves by itself within half an hour."
        )

    def _introduce(self, stage: Stage) -> None:
        self.stdout.write(
            f"Playing on {stage.url}; watch {stage.url}/ and {stage.url}/alerts/. Ctrl-C ends it."
        )
        self.stdout.write(f"Webhooks go to a sink of the demo's own at {stage.sink.url}.")
        self.stdout.write(_CLOSED)


_CLOSED = (
    "Unless the portal was started with OPSPORTAL_OUTBOUND_ALLOW=127.0.0.0/8 it sends to public "
    "addresses only: then the deliveries to the sink are refused, and show as failed."
)


def _passed_on(options: dict[str, Any]) -> list[str]:
    """What the play in the world of its own is told as well."""
    words = ["--seed", str(options["seed"])]
    if options["seconds"] is not None:
        words += ["--seconds", str(options["seconds"])]
    return words


def _new_key() -> str:
    told = io.StringIO()
    arguments = [part for scope in _SCOPES for part in ("--scope", scope)]
    call_command("createkey", "demo", *arguments, "--expires-in", "7", stdout=told)
    return told.getvalue().strip()


def _greet(stage: Stage) -> None:
    status, answer = stage.request("GET", "/api/v1/alerts")
    if status != 200:
        said = answer.get("message", "") if isinstance(answer, dict) else ""
        raise CommandError(
            f"{stage.url} answers {status} to the demo's key. {said}\n"
            "Is it this portal, with this data?"
        )


def _apply(configuration: str) -> None:
    if not configuration:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "demo.yaml"
        path.write_text(configuration)
        call_command("applyconfig", str(path), stdout=io.StringIO())

"""`manage.py applyconfig`: make the configuration as a file says."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.audit import mask_secret
from opsportal.lib.configfile import Deed, Outcome, apply_config
from opsportal.lib.confignode import MAX_BYTES, ConfigError
from opsportal.lib.times import utc_now


class Command(BaseCommand):
    """Applies a file in one transaction and prints the difference."""

    help = (
        "Make teams, channels and rules as a YAML file says, all or nothing, and print what "
        "changes. Applying the same file again changes nothing. Exit code 0 unless it failed, "
        "also when --check finds differences."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The command's arguments."""
        parser.add_argument("file", help="the YAML file, or - for standard input")
        parser.add_argument("--check", action="store_true", help="only print, change nothing")
        parser.add_argument(
            "--prune", action="store_true", help="remove what the file's sections do not name"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Apply the file."""
        try:
            outcome = apply_config(
                _content(options["file"]),
                deed=Deed(COMMAND_LINE, utc_now()),
                mask=mask_secret,
                prune=options["prune"],
                check=options["check"],
            )
        except ConfigError as error:
            name = "standard input" if options["file"] == "-" else options["file"]
            raise CommandError(f"{name}: {error.message}") from error
        self._report(outcome)

    def _report(self, outcome: Outcome) -> None:
        self.stdout.write(outcome.difference or "no changes")
        for slug, names in outcome.left.items():
            self.stdout.write(
                f"{slug} not in the file: {', '.join(names)} (left alone; --prune removes)"
            )


def _content(path: str) -> bytes:
    """The file, but no more of it than is needed to refuse it."""
    if path == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error

"""`manage.py stopeverything`: pull the kill switch."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from opsportal.accounts.actors import COMMAND_LINE
from opsportal.lib.times import utc_now
from opsportal.safety.stop import stop_everything


class Command(BaseCommand):
    """Nothing dangerous is done until a person resumes."""

    help = "Stop everything dangerous at once, on all machines, until a person resumes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The command's arguments."""
        parser.add_argument("--reason", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        """Stop."""
        self.stdout.write(
            f"{stop_everything(options['reason'], actor=COMMAND_LINE, now=utc_now())}"
        )

"""`manage.py resumeeverything`: arm again after the kill switch was pulled."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from opsportal.accounts.actors import COMMAND_LINE
from opsportal.lib.errors import ConflictError
from opsportal.lib.times import utc_now
from opsportal.safety.stop import read_stop, resume_everything


class Command(BaseCommand):
    """For a person who has looked why it was stopped."""

    help = "End the stop of everything; what was stopped is not started again."

    def handle(self, *args: Any, **options: Any) -> None:
        """Resume."""
        try:
            resume_everything(actor=COMMAND_LINE, now=utc_now())
        except ConflictError as error:
            raise CommandError(error.message) from None
        stopped = read_stop()
        self.stdout.write(f"resumed, but {stopped}" if stopped else "resumed")

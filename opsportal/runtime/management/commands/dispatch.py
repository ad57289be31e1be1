"""`manage.py dispatch`: perform due outbox rows until told to stop."""

from typing import Any

from django.core.management.base import BaseCommand

from opsportal.lib.outbox import all_outboxes
from opsportal.runtime.dispatch import run_dispatcher


class Command(BaseCommand):
    """Runs the dispatcher; any number may run, on any number of machines."""

    help = "Find due outbox rows every second and perform them, until SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM or SIGINT."""
        run_dispatcher(all_outboxes())

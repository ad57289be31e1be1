"""`manage.py rebuildstate`: what runs where, made anew from the changes."""

from typing import Any

from django.core.management.base import BaseCommand

from chronos.settle import rebuild_state


class Command(BaseCommand):
    """For after changes were imported or removed by hand."""

    help = "Make the table of what is running anew from the deployments on the timeline."

    def handle(self, *args: Any, **options: Any) -> None:
        """Rebuild."""
        self.stdout.write(f"{rebuild_state():,} places")

"""`manage.py exportconfig`: the stored configuration as a file."""

from typing import Any

from django.core.management.base import BaseCommand

from opsportal.lib.configfile import export_config


class Command(BaseCommand):
    """Prints what `applyconfig` understands."""

    help = "Print teams, channels and rules as YAML for applyconfig; secrets are shown as ***."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it."""
        self.stdout.write(export_config(), ending="")

"""`manage.py setup`: migrations, static files, schedules, first administrator and key."""

from typing import Any

from django.core.management.base import BaseCommand

from opsportal.lib.times import utc_now
from opsportal.runtime.prepare import prepare_portal
from opsportal.runtime.welcome import setup_text


class Command(BaseCommand):
    """What a deploy runs once, before `up --only ...` on each machine."""

    help = "Prepare database, static files and schedules; make the first administrator and key."

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare and show what was made."""
        if text := setup_text(prepare_portal(utc_now())):
            self.stdout.write(text)

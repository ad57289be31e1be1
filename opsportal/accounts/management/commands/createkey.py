"""`manage.py createkey`: a key for a machine, from the command line."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.keys import SCOPES, create_key
from opsportal.accounts.models import Team
from opsportal.lib.errors import PayloadError
from opsportal.lib.times import utc_now


class Command(BaseCommand):
    """Makes a key and prints it, and nothing else, on stdout."""

    help = "Make an API key. It is printed once; only its hash is kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The command's arguments."""
        parser.add_argument("name", help="what the key is for")
        parser.add_argument(
            "--scope", action="append", default=[], help=f"again for each: {', '.join(SCOPES)}"
        )
        parser.add_argument("--team", help="the team that owns the key")
        parser.add_argument("--rate-limit", type=int, help="requests a minute")
        parser.add_argument("--expires-in", type=int, metavar="DAYS")
        parser.add_argument(
            "--short",
            action="store_true",
            help="32 letters and digits, for PagerDuty routing keys and for keys in URLs",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the key."""
        now = utc_now()
        days, limit = options["expires_in"], options["rate_limit"]
        if limit is not None and limit < 1:
            raise CommandError("--rate-limit: name at least 1 request a minute")
        if days is not None and not 1 <= days <= 36_500:
            raise CommandError("--expires-in: name 1 to 36500 days")
        name = options["name"].strip()
        if not 1 <= len(name) <= 100:
            raise CommandError("NAME: 1 to 100 characters")
        try:
            _, text = create_key(
                name,
                options["scope"],
                team=self._team(options["team"]),
                rate_limit=limit,
                expires_at=now + timedelta(days=days) if days else None,
                short=options["short"],
                actor=COMMAND_LINE,
                now=now,
            )
        except PayloadError as error:
            raise CommandError(error.message) from error
        self.stdout.write(text)

    def _team(self, name: str | None) -> Team | None:
        if name is None:
            return None
        try:
            return Team.objects.get(name=name)
        except Team.DoesNotExist:
            known = ", ".join(Team.objects.values_list("name", flat=True)[:50]) or "none"
            raise CommandError(f"--team: no team {name!r}; known: {known}") from None

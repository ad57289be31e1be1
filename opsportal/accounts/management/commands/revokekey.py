"""`manage.py revokekey`: end a key's life."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.keys import revoke_key
from opsportal.accounts.models import ApiKey
from opsportal.lib.times import utc_now


class Command(BaseCommand):
    """Revokes the key of a prefix; it acts on the next request, on every process."""

    help = "Revoke an API key by its prefix (the part between the underscores)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The command's arguments."""
        parser.add_argument("prefix")

    def handle(self, *args: Any, **options: Any) -> None:
        """Revoke it."""
        try:
            key = ApiKey.objects.get(prefix=options["prefix"])
        except ApiKey.DoesNotExist:
            raise CommandError(f"no key has the prefix {options['prefix']!r}") from None
        if revoke_key(key, actor=COMMAND_LINE, now=utc_now()):
            self.stdout.write(f"revoked {key}")
        else:
            self.stdout.write(f"{key} was revoked before")

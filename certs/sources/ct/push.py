"""Entries of logs that others send; see certs/hear.py."""

from collections.abc import Iterator

from certs.normalise import Found
from certs.sources.source import Ask, CertificateSource


class PushedEntries(CertificateSource):
    """What monitors of CT post; there is one such source, and it is made by itself."""

    slug = "ct-push"
    label = "CT, pushed"
    noun = "entry"
    help = "Entries of logs that a monitor posts to /api/v1/certs/ct."
    lists_all = False
    pushed = True

    def look(self, ask: Ask) -> Iterator[Found]:
        """Nothing: it is told, never asked."""
        del ask
        return iter(())

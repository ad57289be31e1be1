"""What people and keys hand in; see certs/upload.py."""

from collections.abc import Iterator

from certs.normalise import Found
from certs.sources.source import Ask, CertificateSource


class Uploads(CertificateSource):
    """Certificates that were handed in; there is one such source, and it is made by itself."""

    slug = "upload"
    label = "Uploads"
    noun = "upload"
    help = "What people upload and keys post."
    lists_all = False
    pushed = True

    def look(self, ask: Ask) -> Iterator[Found]:
        """Nothing: it is told, never asked."""
        del ask
        return iter(())

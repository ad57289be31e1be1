"""How long changes are kept: a time for all, and other ones for some kinds."""

from datetime import datetime

from django.conf import settings


def cutoff_of(kind: str, *, now: datetime) -> datetime:
    """Changes of the kind that began before may be gone."""
    return now - settings.CHANGE_RETENTION_BY_KIND.get(kind, settings.CHANGE_RETENTION)

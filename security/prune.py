"""Retention of the log of collecting; resources and revisions stay."""

from datetime import datetime

from django.conf import settings

from opsportal.lib.retention import delete_in_batches
from security.models import Collection, CollectorError


def prune_askings(*, now: datetime) -> int:
    """Forget collections that ended before the retention; how many."""
    old = Collection.objects.filter(finished_at__lt=now - settings.COLLECTION_RETENTION)
    return delete_in_batches(old, order_by="finished_at")


def prune_errors(*, now: datetime) -> int:
    """Forget errors that were cleared before it; how many."""
    old = CollectorError.objects.filter(cleared_at__lt=now - settings.COLLECTION_RETENTION)
    return delete_in_batches(old, order_by="last_at")

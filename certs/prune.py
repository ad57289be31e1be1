"""Retention of the log of sources; certificates and their places stay."""

from datetime import datetime

from django.conf import settings

from certs.models import SourceRun, SourceTrouble
from opsportal.lib.retention import delete_in_batches


def prune_runs(*, now: datetime) -> int:
    """Forget runs that ended before the retention; how many."""
    old = SourceRun.objects.filter(finished_at__lt=now - settings.CERTS_RUN_RETENTION)
    return delete_in_batches(old, order_by="finished_at")


def prune_troubles(*, now: datetime) -> int:
    """Forget troubles that were over before it; how many."""
    old = SourceTrouble.objects.filter(cleared_at__lt=now - settings.CERTS_RUN_RETENTION)
    return delete_in_batches(old, order_by="cleared_at")

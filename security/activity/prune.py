"""Forget calls that are older than their retention and brought nothing about."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef

from opsportal.lib.retention import delete_in_batches
from security.models import ApiActivity, RevisionCause, TrailError

ERRORS_KEPT = timedelta(days=30)


def prune_activities(*, now: datetime) -> int:
    """Delete them, and old troubles; how many calls. Causes stay as long as their revisions."""
    old = ApiActivity.objects.filter(
        ~Exists(RevisionCause.objects.filter(activity_id=OuterRef("pk"))),
        at__lt=now - settings.ACTIVITY_RETENTION,
    )
    total = delete_in_batches(old, order_by="at")
    delete_in_batches(TrailError.objects.filter(last_at__lt=now - ERRORS_KEPT), order_by="last_at")
    return total

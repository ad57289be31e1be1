"""Forget what has served its time: spent allowances, old log-ins, sessions that ended."""

from datetime import datetime, timedelta

from axes.models import AccessAttempt, AccessLog
from django.conf import settings
from django.contrib.sessions.models import Session

from opsportal.accounts.models import KeyUse
from opsportal.lib.retention import delete_in_batches


def prune_accounts(*, now: datetime) -> int:
    """Delete them and say how many rows went. The audit trail stays."""
    old = now - settings.RETENTION
    gone = [
        (KeyUse.objects.filter(minute__lt=now - timedelta(hours=1)), "minute"),
        (AccessAttempt.objects.filter(attempt_time__lt=now - timedelta(days=30)), "pk"),
        (AccessLog.objects.filter(attempt_time__lt=old), "pk"),
        (Session.objects.filter(expire_date__lt=now), "expire_date"),
    ]
    return sum(delete_in_batches(rows, order_by=column) for rows, column in gone)

"""Forget what has served its time: spent allowances, old log-ins, sessions that ended."""

from datetime import datetime, timedelta

from axes.models import AccessAttempt, AccessLog
from django.conf import settings
from django.contrib.sessions.models import Session

from opsportal.accounts.models import KeyUse


def prune_accounts(*, now: datetime) -> int:
    """Delete them and say how many rows went. The audit trail stays."""
    old = now - settings.RETENTION
    gone = [
        KeyUse.objects.filter(minute__lt=now - timedelta(hours=1)),
        AccessAttempt.objects.filter(attempt_time__lt=now - timedelta(days=30)),
        AccessLog.objects.filter(attempt_time__lt=old),
        Session.objects.filter(expire_date__lt=now),
    ]
    return sum(rows.delete()[0] for rows in gone)

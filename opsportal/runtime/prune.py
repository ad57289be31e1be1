"""Old rows of the portal's own running, dropped in bulk."""

from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django_q.models import Task

from opsportal.accounts.models import KeyUse
from opsportal.runtime.models import Process

# A process silent for so long is not coming back under that pid.
PROCESS_AGE = timedelta(hours=1)
TASK_AGE = timedelta(days=7)
KEY_USE_AGE = timedelta(hours=1)


def prune_runtime_rows(now: datetime) -> int:
    """Delete what nobody will ask for any more; how many rows that were."""
    return sum(
        rows._raw_delete(rows.db)
        for rows in (
            Process.objects.filter(beat_at__lt=now - PROCESS_AGE),
            Task.objects.filter(stopped__lt=now - TASK_AGE),
            Session.objects.filter(expire_date__lt=now),
            KeyUse.objects.filter(minute__lt=now - KEY_USE_AGE),
        )
    )

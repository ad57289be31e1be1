"""Old rows of the portal's own running."""

from datetime import datetime, timedelta

from django_q.models import Task

from opsportal.lib.retention import delete_in_batches
from opsportal.runtime.models import Process

# A process silent for so long is not coming back under that pid.
PROCESS_AGE = timedelta(hours=1)
TASK_AGE = timedelta(days=7)


def prune_runtime_rows(*, now: datetime) -> int:
    """Delete what nobody will ask for any more; how many rows that were."""
    processes = Process.objects.filter(beat_at__lt=now - PROCESS_AGE)
    tasks = Task.objects.filter(stopped__lt=now - TASK_AGE)
    return delete_in_batches(processes, order_by="pk") + delete_in_batches(
        tasks, order_by="stopped"
    )

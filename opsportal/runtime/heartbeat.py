"""Signs of life: which processes of the portal are alive, on every machine."""

import os
import socket
from datetime import datetime

from opsportal.runtime.models import Process

DISPATCHER = "dispatcher"
EVERY_SECONDS = 3.0
# A process that has been silent for so long is taken for dead.
STALE_SECONDS = 15.0


def beat(name: str, *, started_at: datetime, now: datetime) -> None:
    """Say that this process is alive."""
    row = Process(
        name=name,
        host=socket.gethostname()[:255],
        pid=os.getpid(),
        started_at=started_at,
        beat_at=now,
    )
    Process.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["name", "host", "pid"],
        update_fields=["started_at", "beat_at"],
    )


def say_goodbye(name: str) -> None:
    """Take back this process's sign of life, so that nobody waits for the next."""
    Process.objects.filter(name=name, host=socket.gethostname()[:255], pid=os.getpid()).delete()


def latest_beat(name: str) -> datetime | None:
    """When a process of that name last said that it is alive."""
    beats = Process.objects.filter(name=name).order_by("-beat_at")
    return beats.values_list("beat_at", flat=True).first()

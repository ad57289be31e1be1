"""Retention of what endpoints served once."""

from datetime import datetime, timedelta

from django.conf import settings

from certs.models import Observation, Probe
from opsportal.lib.outbox import State
from opsportal.lib.retention import delete_in_batches

_PROBES = timedelta(days=1)


def prune_observations(*, now: datetime) -> int:
    """Forget those that are past, of before the retention; how many."""
    old = Observation.objects.filter(
        current=False, serving=False, last_seen_at__lt=now - settings.OBSERVATION_RETENTION
    )
    return delete_in_batches(old, order_by="last_seen_at")


def prune_probes(*, now: datetime) -> int:
    """Forget those that ended a day ago, dead ones after the retention; how many."""
    done = Probe.objects.filter(finished_at__lt=now - _PROBES).exclude(state=State.DEAD)
    dead = Probe.objects.filter(
        finished_at__lt=now - settings.OBSERVATION_RETENTION, state=State.DEAD
    )
    return sum(delete_in_batches(rows, order_by="finished_at") for rows in (done, dead))

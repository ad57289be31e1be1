"""Work that must not be lost: a row with state, due time, lease and attempts.

A row is written in the transaction of its cause. Workers claim due rows by a conditional update
that counts the attempt and is committed *before* the act, so a job that kills its worker stops
after `max_attempts`. A lease that runs out makes the row due again: at least once, always.
The `attempts` number fences: only the holder of the latest attempt may finish a row.
"""

from django.db import models
from django.db.models import Q


class OutboxRow(models.Model):
    """Abstract base of every outbox; subclasses add what the work is about."""

    class State(models.TextChoices):
        """`due` covers waiting for a retry as well; `dead` waits for a person to replay it."""

        DUE = "due"
        CLAIMED = "claimed"
        DONE = "done"
        DEAD = "dead"

    state = models.CharField(max_length=8, choices=State, default=State.DUE, editable=False)
    # When the row may next be claimed: the due time, or the end of the lease while claimed.
    due_at = models.DateTimeField(editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    last_error = models.TextField(blank=True, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True


def due_index(name: str) -> models.Index:
    """The index behind every sweep: "which unfinished row is due first?"."""
    unfinished = Q(state__in=[OutboxRow.State.DUE, OutboxRow.State.CLAIMED])
    return models.Index(fields=["due_at"], condition=unfinished, name=name)

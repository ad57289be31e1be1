"""Freezes: times at which some changes had better not be made; and those made all the same."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q

from opsportal.accounts.models import Team

# What is frozen where a freeze does not say. A rollback is the way out of trouble: nobody should
# hesitate over it.
USUAL_KINDS = ("deployment", "release", "migration")


def usual_kinds() -> list[str]:
    """What is frozen where a freeze does not say."""
    return list(USUAL_KINDS)


class Freeze(models.Model):
    """Changes that match are not to begin, for a time or at recurring times.

    Advisory: they are recorded all the same, marked, and alerted on. A team's concerns only
    changes of that team and of none.
    """

    name = models.CharField(max_length=100, unique=True)
    reason = models.CharField(max_length=1000)
    # Matchers of the changes, beside their kinds; empty: all of these.
    match = models.CharField(max_length=1000, blank=True)
    kinds = models.JSONField(default=usual_kinds)
    starts_at = models.DateTimeField()
    # The end of it all; of a recurring one it may be empty.
    ends_at = models.DateTimeField(null=True, blank=True)
    # RFC 5545 RRULE in the wall time of `zone`; each time lasts `duration`. Empty: once.
    recurrence = models.CharField(max_length=500, blank=True)
    zone = models.CharField(max_length=64, default="UTC")
    duration = models.DurationField(null=True, blank=True)
    # [{"from", "until", "reason"}]: times at which it does not hold.
    exceptions = models.JSONField(default=list, blank=True)
    # Names of those whom it does not concern.
    exempt_services = models.JSONField(default=list, blank=True)
    exempt_actors = models.JSONField(default=list, blank=True)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE)
    enabled = models.BooleanField(default=True)
    # What began before it was so can be no violation.
    known_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=(Q(recurrence="") & Q(ends_at__isnull=False))
                | (~Q(recurrence="") & Q(duration__isnull=False)),
                name="freeze_ends",
                violation_error_message="Say until when: an end, or for a recurrence a duration.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def exception_times(self) -> list[tuple[datetime, datetime, str]]:
        """When it does not hold, and why."""
        return [_times(found) for found in self.exceptions]


class Violation(models.Model):
    """A change that began during a freeze that concerned it."""

    # Of the timeline, which has no foreign keys to it.
    event_id = models.BigIntegerField()
    freeze = models.ForeignKey(Freeze, null=True, on_delete=models.SET_NULL)
    freeze_name = models.CharField(max_length=100)
    kind = models.CharField(max_length=50)
    title = models.CharField(max_length=500)
    service = models.CharField(max_length=200, blank=True)
    environment = models.CharField(max_length=100, blank=True)
    actor = models.CharField(max_length=200, blank=True)
    # When the change began, and when it was found.
    at = models.DateTimeField(db_index=True)
    found_at = models.DateTimeField()
    alerted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            # "Which has nobody heard of yet?"
            models.Index(
                fields=["id"], condition=Q(alerted_at__isnull=True), name="violation_unheard"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["event_id", "freeze"], name="one_violation_per_freeze")
        ]

    def __str__(self) -> str:
        return f"{self.title} during {self.freeze_name}"

    def get_absolute_url(self) -> str:
        """The change's page."""
        return f"/changes/{self.event_id}/"


def _times(found: Mapping[str, Any]) -> tuple[datetime, datetime, str]:
    start, end = (datetime.fromisoformat(found[name]) for name in ("from", "until"))
    return start, end, str(found.get("reason", ""))

"""What else decides who is told: silences, inhibitions, subscriptions; and all versions of it."""

from datetime import datetime
from uuid import uuid4

from django.db import models
from django.db.models import Q

from alerts.models.channel import Channel
from alerts.models.episode import SEVERITY_CHOICES
from opsportal.accounts.models import Team, User
from opsportal.lib.windows import Recurrence, Window


class Silence(models.Model):
    """Nobody is told of what matches, for a time or at recurring times.

    A team's holds back only alerts of that team and of none.
    """

    class State(models.TextChoices):
        """Where it stands at a moment; computed, never stored."""

        PENDING = "pending"  # also a recurring one between two of its times
        ACTIVE = "active"
        EXPIRED = "expired"

    # Names it in files; made of the comment where none is given. Free again once it is over.
    name = models.CharField(max_length=100, blank=True)
    # What Alertmanager's API knows it by.
    uuid = models.UUIDField(default=uuid4, unique=True, editable=False)
    match = models.CharField(max_length=2000)
    starts_at = models.DateTimeField()
    # The end of it all; of a recurring silence it may be empty.
    ends_at = models.DateTimeField(null=True, blank=True)
    # RFC 5545 RRULE in the wall time of `zone`; each time lasts `duration`. Empty: once.
    recurrence = models.CharField(max_length=500, blank=True)
    zone = models.CharField(max_length=64, default="UTC")
    duration = models.DurationField(null=True, blank=True)
    comment = models.CharField(max_length=1000)
    author = models.CharField(max_length=200)
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL)
    end_when_unmatched = models.BooleanField(
        default=False, help_text="Ends by itself once nothing that it matches fires."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    # Ended before its time, by a person or because nothing matched any more.
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)
    # When its author was told that it ends soon.
    noticed_at = models.DateTimeField(null=True, blank=True, editable=False)
    # When something open was last seen to match, of those that end when nothing does.
    matched_at = models.DateTimeField(null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        ordering = ["-id"]
        indexes = [
            # "Which are not over yet?"
            models.Index(fields=["ends_at"], condition=Q(ended_at=None), name="silence_open"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=(Q(recurrence="") & Q(ends_at__isnull=False))
                | (~Q(recurrence="") & Q(duration__isnull=False)),
                name="silence_ends",
            ),
            models.UniqueConstraint(
                fields=["name"],
                condition=Q(ended_at=None) & ~Q(name=""),
                name="one_silence_per_name",
                violation_error_message="Another silence has this name.",
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"Silence {self.pk}: {self.comment}"

    @property
    def times(self) -> Recurrence | None:
        """When it comes again; None for one that is once."""
        if not self.recurrence or self.duration is None:
            return None
        return Recurrence(
            self.recurrence, self.zone, self.starts_at, self.duration, until=self.ends_at
        )

    def over_at(self, now: datetime) -> bool:
        """Whether it has ended for good."""
        if self.ended_at is not None and self.ended_at <= now:
            return True
        return self.ends_at is not None and self.ends_at <= now

    def window_at(self, now: datetime) -> Window | None:
        """The time around `now` in which nobody is told, if it is such a time."""
        if self.over_at(now) or now < self.starts_at:
            return None
        if self.times is not None:
            return self.times.window_at(now)
        return None if self.ends_at is None else (self.starts_at, self.ends_at)

    def state_at(self, now: datetime) -> str:
        """Pending, active or expired."""
        if self.over_at(now):
            return self.State.EXPIRED
        return self.State.ACTIVE if self.window_at(now) else self.State.PENDING


class Inhibition(models.Model):
    """While an alert fires that `source_match` matches, nobody is told of what it explains."""

    name = models.CharField(max_length=100, unique=True)
    source_match = models.CharField(max_length=2000)
    target_match = models.CharField(max_length=2000)
    # Labels that both must have, with equal values; one that is missing is never equal.
    equal = models.JSONField(default=list, blank=True)
    enabled = models.BooleanField(default=True)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Subscription(models.Model):
    """A person or a team who wants to hear of what matches, whatever the rules say."""

    name = models.CharField(max_length=100, unique=True)
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE)
    match = models.CharField(max_length=2000, blank=True)
    min_severity = models.CharField(max_length=8, choices=SEVERITY_CHOICES, default="info")
    # Empty: the person's own channel. Who is deleted takes own channels and subscriptions along.
    channel = models.ForeignKey(Channel, null=True, blank=True, on_delete=models.RESTRICT)
    # Empty: at once. `every 30m`, or `daily 09:00` in the wall time of `zone`.
    digest = models.CharField(max_length=40, blank=True)
    # As `opsportal/lib/windows.py` reads it, in `zone`; what comes then waits for their end.
    quiet_hours = models.CharField(max_length=500, blank=True)
    zone = models.CharField(max_length=64, default="UTC")
    tell_resolved = models.BooleanField(default=True)
    enabled = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, team__isnull=True)
                | Q(user__isnull=True, team__isnull=False),
                name="subscription_is_somebodys",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PolicyVersion(models.Model):
    """How a rule, silence, inhibition, subscription or channel was since `at`. Never edited.

    The highest id at a moment names the whole policy as it stood then.
    """

    kind = models.CharField(max_length=20)
    object_id = models.BigIntegerField()
    number = models.PositiveIntegerField()
    # All that is needed to ask it again; of a channel nothing secret.
    state = models.JSONField()
    removed = models.BooleanField(default=False)
    at = models.DateTimeField()
    actor = models.CharField(max_length=200)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "object_id", "number"], name="one_version_per_number"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}, version {self.number}"

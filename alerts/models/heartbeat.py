"""What has to be heard from again and again, and when the portal could hear."""

from datetime import timedelta

from django.db import models

from alerts.models.episode import SEVERITY_CHOICES
from opsportal.accounts.models import Team


class Heartbeat(models.Model):
    """A job or system that says that it is alive; an alert is raised when it does not."""

    class State(models.TextChoices):
        """`new` has not been heard of since it was set up."""

        NEW = "new"
        OK = "ok"
        MISSING = "missing"
        FAILED = "failed"  # it said so itself

    name = models.CharField(max_length=100, unique=True)
    interval = models.DurationField(help_text="How often it is to be heard of.")
    grace = models.DurationField(
        default=timedelta(minutes=1), help_text="How late it may be before an alert is raised."
    )
    severity = models.CharField(max_length=8, choices=SEVERITY_CHOICES, default="high")
    service = models.CharField(max_length=200, blank=True)
    environment = models.CharField(max_length=100, blank=True)
    labels = models.JSONField(default=dict, blank=True)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL)
    enabled = models.BooleanField(default=True)

    state = models.CharField(max_length=8, choices=State, default=State.NEW, editable=False)
    last_seen_at = models.DateTimeField(null=True, blank=True, editable=False)
    # When it is taken for missing. Each beat moves it, so no index holds it.
    due_at = models.DateTimeField(editable=False)
    # What came with the last beat.
    message = models.CharField(max_length=1000, blank=True, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def dedup_key(self) -> str:
        """Of its alert."""
        return f"heartbeat:{self.name}"


class HeartbeatWatch(models.Model):
    """One row: when heartbeats were last looked at. A gap tells that the portal was away."""

    looked_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "heartbeat watch"

    def __str__(self) -> str:
        return f"looked at {self.looked_at:%Y-%m-%d %H:%M:%S}"

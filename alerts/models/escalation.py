"""Paging: the walk through those on call until somebody takes the alert."""

from django.db import models

from alerts.models.episode import SEVERITY_CHOICES, Alert
from alerts.models.oncall import EscalationPolicy
from alerts.models.rule import Rule
from opsportal.accounts.models import Team
from opsportal.lib.outbox import OutboxRow, dead_index, due_index


class Escalation(OutboxRow):
    """One walk for one alert through a team's escalation policy; due when its next step is.

    Whoever asks for one gives alert, team, rule, `created_at` and `due_at`; the rest is the walk's.
    """

    class Progress(models.TextChoices):
        """Where it stands. Acknowledged ones are held, and go on when nobody has the alert."""

        WALKING = "walking"
        WAITING = "waiting"  # snoozed or suppressed: it looks again
        ACKNOWLEDGED = "acknowledged"
        RESOLVED = "resolved"
        UNTAKEN = "untaken", "nobody took it"

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="escalations")
    team = models.ForeignKey(Team, on_delete=models.CASCADE)
    rule = models.ForeignKey(Rule, null=True, blank=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField()
    # Walked when it was last looked at; none: all members were told at once.
    policy = models.ForeignKey(EscalationPolicy, null=True, blank=True, on_delete=models.SET_NULL)
    progress = models.CharField(
        max_length=12, choices=Progress, default=Progress.WALKING, editable=False
    )
    # Places of the next step: which time through the policy, and which step of it, from 0.
    round = models.PositiveSmallIntegerField(default=0, editable=False)
    step = models.PositiveSmallIntegerField(default=0, editable=False)
    # Where the latest walk began: each start anew has a higher round.
    first_round = models.PositiveSmallIntegerField(default=0, editable=False)
    began_at = models.DateTimeField(null=True, editable=False)
    # The severity it walks for; empty before the first look. A worse one starts it anew.
    severity = models.CharField(max_length=8, choices=SEVERITY_CHOICES, blank=True, editable=False)
    # When the next step is to be told, whatever became of the attempts; null: at the start.
    next_at = models.DateTimeField(null=True, editable=False)
    paged_at = models.DateTimeField(null=True, editable=False)
    acknowledged_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["alert", "team"], name="one_walk_per_team"),
        ]
        indexes = [due_index("escalation_due"), dead_index("escalation_dead")]

    def __str__(self) -> str:
        return f"Escalation {self.pk} to {self.team}"

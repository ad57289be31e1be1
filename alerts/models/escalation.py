"""Paging: the walk through those on call until somebody takes the alert."""

from django.db import models
from django.db.models import Q

from alerts.models.episode import SEVERITY_CHOICES, Alert
from alerts.models.oncall import EscalationPolicy
from alerts.models.rule import Rule
from opsportal.accounts.models import Team
from opsportal.lib.outbox import OutboxRow, dead_index, due_index


class Escalation(OutboxRow):
    """One walk for one alert through a team's escalation policy; due when its next step is.

    It is begun by `alerts.escalate.start_escalations`. With a `leader` it is a follower: it is held
    and walks nowhere, as the leader's walk speaks for it; see `alerts/escalate/follow.py`.
    """

    class Progress(models.TextChoices):
        """Where it stands. Acknowledged ones are held, and go on when nobody has the alert.

        Followers are `following` while their leader walks, and `group_taken` once somebody who was
        paged for their group has acknowledged the leader.
        """

        WALKING = "walking"
        WAITING = "waiting"  # snoozed or suppressed: it looks again
        ACKNOWLEDGED = "acknowledged"
        RESOLVED = "resolved"
        UNTAKEN = "untaken", "nobody took it"
        FOLLOWING = "following", "paged with another"
        GROUP_TAKEN = "group_taken", "acknowledged with its group"

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="escalations")
    team = models.ForeignKey(Team, on_delete=models.CASCADE)
    rule = models.ForeignKey(Rule, null=True, blank=True, on_delete=models.SET_NULL)
    # The walk that speaks for this one; it has no leader itself.
    leader = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="followers",
    )
    # Of rule, team and label values, where the rule groups; walks of one key are paged together.
    group_key = models.CharField(max_length=32, blank=True, editable=False)
    created_at = models.DateTimeField()
    # Walked when it was last looked at; none: all members were told at once.
    policy = models.ForeignKey(EscalationPolicy, null=True, blank=True, on_delete=models.SET_NULL)
    progress = models.CharField(
        max_length=12, choices=Progress, default=Progress.WALKING, editable=False
    )
    # Places of the next step: which time through the policy, and which step of it, from 0.
    round = models.PositiveSmallIntegerField(default=0, editable=False)
    step = models.PositiveSmallIntegerField(default=0, editable=False)
    # Where the latest walk began: each start anew has a higher round. Followers have no time.
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
        indexes = [
            due_index("escalation_due"),
            dead_index("escalation_dead"),
            # "Which walk of this team is under way, and may speak for another alert?"
            models.Index(
                fields=["team", "group_key"],
                condition=Q(state__in=["due", "claimed"]),
                name="escalation_leading",
            ),
            # "How many of this team have begun within the minute?"
            models.Index(
                fields=["team", "-began_at"],
                condition=Q(began_at__isnull=False),
                name="escalation_begun",
            ),
        ]

    def __str__(self) -> str:
        return f"Escalation {self.pk} to {self.team}"

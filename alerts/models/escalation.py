"""Paging: the walk through those on call until somebody takes the alert."""

from django.db import models

from alerts.models.episode import Alert
from alerts.models.rule import Rule
from opsportal.accounts.models import Team
from opsportal.lib.outbox import OutboxRow, dead_index, due_index


class Escalation(OutboxRow):
    """One walk for one alert through a team's escalation policy; due when its next step is."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="escalations")
    team = models.ForeignKey(Team, on_delete=models.CASCADE)
    rule = models.ForeignKey(Rule, null=True, blank=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["alert", "team"], name="one_walk_per_team"),
        ]
        indexes = [due_index("escalation_due"), dead_index("escalation_dead")]

    def __str__(self) -> str:
        return f"Escalation {self.pk} to {self.team}"

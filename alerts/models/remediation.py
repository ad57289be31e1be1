"""Remediation: what a rule asked to be done about an alert."""

from django.db import models

from alerts.models.episode import Alert
from alerts.models.rule import Rule, RuleAction
from opsportal.lib.outbox import OutboxRow, dead_index, due_index
from opsportal.safety.models import Operation


class Remediation(OutboxRow):
    """A wish of one rule for one alert, with the rule's words as they were then."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="remediations")
    rule = models.ForeignKey(Rule, null=True, blank=True, on_delete=models.SET_NULL)
    plugin = models.CharField(max_length=50)
    parameters = models.JSONField(default=dict)
    dry_run = models.BooleanField(default=True)
    approval = models.CharField(max_length=8, choices=RuleAction.Approval)
    created_at = models.DateTimeField()
    # What became of the wish; empty until it is planned.
    operation = models.OneToOneField(
        Operation, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # The last step that was written into the alert's story.
    reported = models.CharField(max_length=20, blank=True, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["alert", "rule", "plugin"], name="one_wish_per_rule"),
        ]
        indexes = [due_index("remediation_due"), dead_index("remediation_dead")]

    def __str__(self) -> str:
        return f"Remediation {self.pk} by {self.plugin}"

    def get_absolute_url(self) -> str:
        """The remediation's page."""
        return f"/remediations/{self.pk}/"

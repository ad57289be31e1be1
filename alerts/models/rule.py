"""What to do with alerts: rules with their actions."""

from datetime import timedelta

from django.db import models
from django.db.models import Q

from alerts.models.channel import Channel
from opsportal.accounts.models import Team


class Rule(models.Model):
    """What to do with alerts that match; rules are asked in order until one stops."""

    name = models.CharField(max_length=100, unique=True)
    match = models.CharField(max_length=2000, blank=True, help_text='{severity="critical"}')
    order = models.PositiveIntegerField(default=100)
    stop = models.BooleanField(default=False, help_text="Ask no further rule after this one.")
    enabled = models.BooleanField(default=True)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL)
    # When it is asked at all, as `opsportal/lib/windows.py` reads it; empty: always.
    active_times = models.CharField(max_length=500, blank=True, help_text="mon-fri 09:00-17:00")
    # Labels whose equal values make one message; empty: a message for each alert.
    group_by = models.JSONField(default=list, blank=True)
    group_wait = models.DurationField(default=timedelta(seconds=10))
    group_interval = models.DurationField(default=timedelta(minutes=5))
    # Counts the changes; each is kept as a PolicyVersion.
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        ordering = ["order", "id"]

    def __str__(self) -> str:
        return self.name


class RuleAction(models.Model):
    """One deed of a rule."""

    class Kind(models.TextChoices):
        """What is done with an alert that matches."""

        NOTIFY = "notify"
        SUPPRESS = "suppress"
        SET = "set"
        PAGE = "page"
        REMEDIATE = "remediate"

    class Approval(models.TextChoices):
        """Whether a person must agree before a remediation acts."""

        NONE = "none"
        REQUIRED = "required"

    class Field(models.TextChoices):
        """What `set` may set."""

        SEVERITY = "severity"
        SERVICE = "service"
        TEAM = "team"
        RUNBOOK_URL = "runbook_url", "runbook"

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="actions")
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=10, choices=Kind)
    channel = models.ForeignKey(
        Channel, null=True, blank=True, on_delete=models.PROTECT, related_name="rule_actions"
    )
    field = models.CharField(max_length=12, choices=Field, blank=True)
    # The reason of a `suppress`, the value of a `set`, the plug-in of a `remediate`.
    value = models.CharField(max_length=1000, blank=True)
    # Whom a `page` pages.
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT)
    # Of a `remediate`: what the plug-in is given, whether it only simulates, who must agree.
    parameters = models.JSONField(default=dict, blank=True)
    dry_run = models.BooleanField(default=True)
    approval = models.CharField(max_length=8, choices=Approval, default=Approval.REQUIRED)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    kind="notify", channel__isnull=False, team__isnull=True, field="", value=""
                )
                | Q(kind="suppress", channel__isnull=True, team__isnull=True, field="")
                | (Q(kind="set", channel__isnull=True, team__isnull=True) & ~Q(field=""))
                | Q(kind="page", channel__isnull=True, team__isnull=False, field="", value="")
                | (
                    Q(kind="remediate", channel__isnull=True, team__isnull=True, field="")
                    & ~Q(value="")
                ),
                name="action_fits_its_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.channel or self.team or self.field} {self.value}".strip()

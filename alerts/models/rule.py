"""Who is told of what: channels, and rules with their actions."""

from django.db import models
from django.db.models import Q

from opsportal.accounts.models import Team
from opsportal.lib.crypto import EncryptedJSONField
from opsportal.lib.registry import choices


def channel_kinds() -> list[tuple[str, str]]:
    """The channel plug-ins, as form choices."""
    return choices("ALERT_CHANNELS")


class Channel(models.Model):
    """A way to tell somebody; what `settings` holds is the plug-in's business."""

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=30, choices=channel_kinds)
    settings = EncryptedJSONField(default=dict)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL)
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Rule(models.Model):
    """What to do with alerts that match; rules are asked in order until one stops."""

    name = models.CharField(max_length=100, unique=True)
    match = models.CharField(max_length=2000, blank=True, help_text='{severity="critical"}')
    order = models.PositiveIntegerField(default=100)
    stop = models.BooleanField(default=False, help_text="Ask no further rule after this one.")
    enabled = models.BooleanField(default=True)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL)

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
    # The reason of a `suppress`, or the value of a `set`.
    value = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="notify", channel__isnull=False, field="", value="")
                | Q(kind="suppress", channel__isnull=True, field="")
                | (Q(kind="set", channel__isnull=True) & ~Q(field="")),
                name="action_fits_its_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.channel or self.field} {self.value}".strip()

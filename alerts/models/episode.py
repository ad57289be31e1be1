"""Episodes of alerts, what happened to them, and what was decided."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from alerts.normalise import SEVERITIES
from opsportal.accounts.models import ApiKey, Team
from opsportal.lib.outbox import OutboxRow, dead_index, due_index

SEVERITY_CHOICES = [(name, name) for name in SEVERITIES]


class Alert(models.Model):
    """One episode: from the first firing of a dedup key until it is resolved.

    `last_received_at` and `repeat_count` move with every repeat, so no index may hold them.
    """

    class Status(models.TextChoices):
        """`acknowledged` is still firing, but somebody has taken it."""

        FIRING = "firing"
        ACKNOWLEDGED = "acknowledged"
        RESOLVED = "resolved"

    dedup_key = models.CharField(max_length=255)
    name = models.CharField(max_length=300)
    status = models.CharField(max_length=12, choices=Status, default=Status.FIRING)
    severity = models.CharField(max_length=8, choices=SEVERITY_CHOICES)
    # As the sender said it; `severity` may be set otherwise by a rule.
    received_severity = models.CharField(max_length=8, choices=SEVERITY_CHOICES)
    summary = models.CharField(max_length=1024, blank=True)
    description = models.TextField(blank=True)
    source = models.CharField(max_length=200, blank=True)
    service = models.CharField(max_length=200, blank=True)
    resource = models.CharField(max_length=300, blank=True)
    environment = models.CharField(max_length=100, blank=True)
    region = models.CharField(max_length=100, blank=True)
    labels = models.JSONField(default=dict)
    annotations = models.JSONField(default=dict)
    links = models.JSONField(default=list)
    value = models.FloatField(null=True, blank=True)
    runbook_url = models.CharField(max_length=1000, blank=True)
    raw = models.TextField(blank=True)
    # Of what a repeat may change (summary, labels, value ...): equal hash, nothing to rewrite.
    content_hash = models.CharField(max_length=16)

    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL, db_index=False)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        db_index=False,
    )
    snoozed_until = models.DateTimeField(null=True, blank=True)
    # What held back the telling at the last routing (rule, silence ...); empty when nothing did.
    suppressed = models.CharField(max_length=300, blank=True)
    # Openings of its key in the hour before it was routed, once they are many; else 0.
    flapping = models.PositiveSmallIntegerField(default=0, db_default=0)

    starts_at = models.DateTimeField()
    received_at = models.DateTimeField()  # the episode's first receipt
    last_received_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    repeat_count = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["dedup_key"], condition=Q(resolved_at=None), name="one_open_episode"
            ),
            models.CheckConstraint(
                condition=Q(status="resolved", resolved_at__isnull=False)
                | (~Q(status="resolved") & Q(resolved_at__isnull=True)),
                name="resolved_has_its_time",
            ),
        ]
        indexes = [
            # "What is firing now?", and "which of it has expired or been snoozed long enough?"
            models.Index(fields=["-id"], condition=Q(resolved_at=None), name="alert_open"),
            # "What is held back, and may be told once nothing holds it?"
            models.Index(
                fields=["id"], condition=Q(resolved_at=None) & ~Q(suppressed=""), name="alert_held"
            ),
            # "Which episodes had this key before?"
            models.Index(fields=["dedup_key", "-id"], name="alert_episodes"),
            # "What did this service have lately?"
            models.Index(fields=["service", "-id"], name="alert_of_service"),
            # "What is ours?" and "What is mine?"; most episodes are nobody's.
            models.Index(
                fields=["team", "-id"], condition=Q(team__isnull=False), name="alert_of_team"
            ),
            models.Index(
                fields=["assignee", "-id"],
                condition=Q(assignee__isnull=False),
                name="alert_of_assignee",
            ),
            # "What came in since yesterday?"
            models.Index(fields=["-received_at"], name="alert_by_receipt"),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.summary}" if self.summary else self.name

    def get_absolute_url(self) -> str:
        """The alert's page."""
        return f"/alerts/{self.pk}/"

    @property
    def episode_key(self) -> str:
        """What other systems know the episode by; with its time, as the number may come again."""
        return f"opsportal-alert-{self.pk}-{int(self.received_at.timestamp())}"


class Transition(models.Model):
    """One change of an episode's status, severity or owner, or a note. Never edited."""

    class Kind(models.TextChoices):
        """The first six, `woken` and `released` are routed; the rest are only recorded."""

        OPENED = "opened"
        REOPENED = "reopened"
        WORSENED = "worsened"
        IMPROVED = "improved"
        RESOLVED = "resolved"
        EXPIRED = "expired"
        WOKEN = "woken"  # a snooze ended and it still fires
        RELEASED = "released"  # what held back its telling has ended and it still fires
        ACKNOWLEDGED = "acknowledged"
        UNACKNOWLEDGED = "unacknowledged"
        ASSIGNED = "assigned"
        SNOOZED = "snoozed"
        NOTED = "noted"
        SET = "set"  # a rule set severity, service, team or runbook, or a sender other words
        PAGED = "paged"  # an escalation told its next step
        REMEDIATED = "remediated"  # a remediation was planned, stopped, done or proved

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="transitions")
    kind = models.CharField(max_length=14, choices=Kind)
    at = models.DateTimeField()
    before = models.CharField(max_length=300, blank=True)
    after = models.CharField(max_length=300, blank=True)
    note = models.TextField(blank=True)
    actor = models.CharField(max_length=200, blank=True)  # empty: the sender, or the portal itself
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        db_index=False,
    )
    key = models.ForeignKey(
        ApiKey, null=True, blank=True, on_delete=models.SET_NULL, db_index=False
    )

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["-at"], name="transition_by_time"),
            # "What did people and their keys do lately?", which is little beside what senders do.
            models.Index(
                fields=["-at"],
                condition=Q(user__isnull=False) | Q(key__isnull=False),
                name="transition_of_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} at {self.at:%Y-%m-%d %H:%M:%S}"


class Decision(OutboxRow):
    """The routing of one transition: first the work to do, then what was decided and why."""

    class Outcome(models.TextChoices):
        """What came of it; empty while undecided."""

        NOTIFIED = "notified"
        SUPPRESSED = "suppressed"
        SNOOZED = "snoozed"
        ALREADY_TOLD = "already_told", "already told"
        NOBODY = "nobody", "nobody to tell"

    transition = models.OneToOneField(Transition, on_delete=models.CASCADE, related_name="decision")
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True)
    # What took part: rules that matched with what they did, silences, caps; see alerts/policy.
    reasons = models.JSONField(default=list)
    # What matchers saw, and the version of all that was asked; null: undecided.
    labels = models.JSONField(null=True, editable=False)
    policy_version = models.BigIntegerField(null=True, editable=False)

    class Meta:
        indexes = [due_index("decision_due"), dead_index("decision_dead")]

    def __str__(self) -> str:
        return self.outcome or "undecided"

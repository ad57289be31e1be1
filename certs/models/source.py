"""Where certificates are looked for, how that went, and where each is stored."""

from datetime import timedelta

from django.db import models
from django.db.models import Q

from certs.models.certificate import Certificate
from opsportal.accounts.models import Team
from opsportal.lib.crypto import EncryptedJSONField
from opsportal.lib.outbox import OutboxRow, State, dead_index, due_index
from opsportal.lib.registry import choices


def source_kinds() -> list[tuple[str, str]]:
    """Form choices of the kinds."""
    return choices("CERTIFICATE_SOURCES")


class Outcome(models.TextChoices):
    """How a run ended. Only a complete one may say that something is not there."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"


class Source(models.Model):
    """A place to look for certificates, or a door that they come in by."""

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=40, choices=source_kinds)
    # As the kind's `options` has them; secrets apart, shown to nobody.
    options = models.JSONField(default=dict, blank=True)
    secret = EncryptedJSONField(null=True, blank=True)
    enabled = models.BooleanField(default=True)
    interval = models.DurationField(default=timedelta(hours=1))
    # Whose what it finds is, where no rule says otherwise.
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL)
    environment = models.CharField(max_length=100, blank=True)
    labels = models.JSONField(default=dict, blank=True)
    note = models.CharField(max_length=1000, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    next_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Of the last run that ended, and of the last complete one.
    outcome = models.CharField(max_length=8, choices=Outcome, blank=True, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)
    complete_at = models.DateTimeField(null=True, blank=True, editable=False)
    # What the last complete one found.
    found = models.PositiveIntegerField(default=0, editable=False)
    # In a row that were not complete.
    failures = models.PositiveIntegerField(default=0, editable=False)
    message = models.CharField(max_length=1000, blank=True, editable=False)
    # Too much was absent at once to be believed: {"since", "absent", "of"}; with "confirmed_by" the
    # next complete run believes it.
    held = models.JSONField(default=dict, blank=True, editable=False)
    # Where the next run goes on, for kinds that read a log.
    cursor = models.JSONField(default=dict, blank=True, editable=False)

    class Meta:
        ordering = ["name"]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(enabled=True), name="cert_source_due")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Its page."""
        return f"/certs/sources/{self.pk}/"


class SourceRun(OutboxRow):
    """One look at a source."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="runs")
    asked_by = models.CharField(max_length=200, blank=True)
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=8, choices=Outcome, blank=True)
    # Certificates (placements) that were there, of which new, and those that went.
    found = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    gone = models.PositiveIntegerField(default=0)
    # Absent at once, and not believed.
    held = models.PositiveIntegerField(default=0)
    troubles = models.PositiveIntegerField(default=0)
    endpoints = models.PositiveIntegerField(default=0)
    duration_ms = models.PositiveIntegerField(default=0)
    message = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["source"],
                condition=Q(state__in=[State.DUE, State.CLAIMED]),
                name="one_run_of_a_source",
            )
        ]
        indexes = [
            due_index("cert_run_due"),
            dead_index("cert_run_dead"),
            models.Index(fields=["source", "-id"], name="cert_run_of_source"),
            models.Index(fields=["finished_at"], name="cert_run_finished"),
        ]

    def __str__(self) -> str:
        return f"run of {self.source_id} at {self.asked_at:%Y-%m-%d %H:%M}"


class SourceTrouble(models.Model):
    """Something of a source that could not be read, such as a keystore; until it can."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="trouble_rows")
    locator = models.TextField()
    # Digest of the locator.
    locator_key = models.CharField(max_length=64)
    message = models.CharField(max_length=1000)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-last_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["source", "locator_key"], name="one_trouble_of_locator")
        ]
        indexes = [
            models.Index(
                fields=["source", "-id"], condition=Q(cleared_at=None), name="cert_trouble_open"
            ),
            models.Index(
                fields=["cleared_at"], condition=Q(cleared_at__isnull=False),
                name="cert_trouble_cleared",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.locator}: {self.message}"


class Placement(models.Model):
    """A certificate where it is stored: a file, a secret, an ARN, an entry of a log."""

    certificate = models.ForeignKey(
        Certificate, on_delete=models.CASCADE, related_name="placements"
    )
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="placements")
    # Such as a path and alias, namespace/secret/key, an ARN, a log and index.
    locator = models.TextField()
    locator_key = models.CharField(max_length=64)
    # In a bundle, from 0: the leaf.
    position = models.PositiveIntegerField(default=0)
    # Whether the private key lies beside it.
    has_key = models.BooleanField(default=False)
    # What else the source says, such as what uses it.
    facts = models.JSONField(default=dict, blank=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    # Complete runs in a row that did not find it.
    missed = models.PositiveSmallIntegerField(default=0)
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "locator_key", "certificate"], name="one_placement_each"
            )
        ]
        indexes = [
            # "Where is it?", "What is there?"
            models.Index(
                fields=["certificate"], condition=Q(gone_at=None), name="placement_present"
            ),
            models.Index(fields=["source", "id"], name="placement_of_source"),
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.locator}"

"""What checks found, and what was accepted."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from opsportal.accounts.models import Team
from security.models.account import CloudAccount
from security.models.resource import CloudResource, ConfigRevision

_SCORE = [MinValueValidator(0), MaxValueValidator(10)]


class Finding(models.Model):
    """One thing that is wrong with a resource, by one check, for as long as it is."""

    class Status(models.TextChoices):
        """Unknown: what the check must read could not be read."""

        OPEN = "open"
        FIXED = "fixed"
        ACCEPTED = "accepted"
        UNKNOWN = "unknown"

    resource = models.ForeignKey(CloudResource, on_delete=models.CASCADE)
    # The slug of the auditor, such as "SG-02".
    check_id = models.CharField("check", max_length=20)
    # What it is about in words that last, such as "in/tcp/22-22/0.0.0.0/0": never a score or text.
    subject = models.CharField(max_length=1000, blank=True)
    # Digest of resource, check and subject: the alert's key.
    fingerprint = models.CharField(max_length=64, unique=True)
    status = models.CharField(max_length=8, choices=Status)
    score = models.PositiveSmallIntegerField(validators=_SCORE)
    summary = models.CharField(max_length=1000)
    evidence = models.JSONField(default=dict, blank=True)
    first_seen_at = models.DateTimeField()
    # Of the last time that it opened.
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    fixed_at = models.DateTimeField(null=True, blank=True)
    # "fixed", "deleted", "check" (it changed or went).
    fixed_reason = models.CharField(max_length=20, blank=True)
    introduced_by = models.ForeignKey(
        ConfigRevision, null=True, blank=True, on_delete=models.SET_NULL, related_name="introduced"
    )
    fixed_by = models.ForeignKey(
        ConfigRevision, null=True, blank=True, on_delete=models.SET_NULL, related_name="fixed"
    )
    acceptance = models.ForeignKey(
        "RiskAcceptance", null=True, blank=True, on_delete=models.SET_NULL
    )
    # What the gateway was told last; the alert follows when it differs.
    told_status = models.CharField(max_length=8, blank=True)
    told_score = models.PositiveSmallIntegerField(default=0)
    check_version = models.PositiveSmallIntegerField(default=1)
    # Of the resource, again: lists of findings are filtered by them.
    account = models.ForeignKey(CloudAccount, on_delete=models.CASCADE, related_name="+")
    region = models.CharField(max_length=30, blank=True)
    technology = models.CharField(max_length=60)

    class Meta:
        ordering = ["-score", "-id"]
        indexes = [
            # "What is open, worst first?", of all, of a check, of an account.
            models.Index(fields=["status", "-score", "-id"], name="finding_worst"),
            models.Index(fields=["check_id", "status", "-score", "-id"], name="finding_check"),
            models.Index(fields=["account", "status", "-score", "-id"], name="finding_account"),
            models.Index(fields=["resource", "check_id"], name="finding_resource"),
        ]

    def __str__(self) -> str:
        return f"{self.check_id} {self.summary}"


class CheckOverride(models.Model):
    """Another score for a check, or none of it: everywhere, in an account, with a tag."""

    check_id = models.CharField("check", max_length=20)
    account = models.ForeignKey(CloudAccount, null=True, blank=True, on_delete=models.CASCADE)
    # Matchers of the resource's tags, such as {env="dev"}; empty: all.
    match = models.CharField(max_length=1000, blank=True)
    # Empty: the check's own.
    score = models.PositiveSmallIntegerField(null=True, blank=True, validators=_SCORE)
    enabled = models.BooleanField(default=True)
    reason = models.CharField(max_length=500)

    class Meta:
        ordering = ["check_id", "id"]

    def __str__(self) -> str:
        return f"{self.check_id}: {self.score if self.enabled else 'off'}"


class RiskAcceptance(models.Model):
    """Somebody answers for a risk, for a time and up to a score."""

    # What it covers: a finding's fingerprint; or a check on a resource, in an account, by tags.
    fingerprint = models.CharField(max_length=64, blank=True)
    check_id = models.CharField("check", max_length=20, blank=True)
    resource = models.ForeignKey(CloudResource, null=True, blank=True, on_delete=models.CASCADE)
    account = models.ForeignKey(CloudAccount, null=True, blank=True, on_delete=models.CASCADE)
    match = models.CharField(max_length=1000, blank=True)
    reason = models.CharField(max_length=1000)
    ticket = models.CharField(max_length=200, blank=True)
    accepted_by = models.CharField(max_length=200)
    approved_by = models.CharField(max_length=200, blank=True)
    accepted_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    # A finding that scores higher is open again.
    max_score = models.PositiveSmallIntegerField(validators=_SCORE)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_reason = models.CharField(max_length=200, blank=True)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL)

    class Meta:
        ordering = ["expires_at", "id"]
        verbose_name = "risk acceptance"
        constraints = [
            models.CheckConstraint(
                condition=~Q(fingerprint="") | ~Q(check_id=""),
                name="acceptance_covers_something",
                violation_error_message="Say what is accepted: a finding, or a check.",
            )
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(ended_at=None), name="acceptance_ends")
        ]

    def __str__(self) -> str:
        return f"{self.check_id or 'finding'} accepted until {self.expires_at:%Y-%m-%d}"

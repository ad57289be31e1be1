"""What checks found, and what was accepted."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from opsportal.accounts.models import Team
from security.models.account import CloudAccount
from security.models.resource import CloudResource, ConfigRevision

_SCORE = [MinValueValidator(0), MaxValueValidator(10)]
# Risks of this score take the word of a second person.
APPROVED_FROM = 8


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
    # When the check last said so; null: it could never tell.
    seen_at = models.DateTimeField(null=True, blank=True)
    # Why the check cannot tell now; empty: it could.
    undecided = models.CharField(max_length=300, blank=True)
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
    # What it was and became, oldest first: [{"at", "status", "score", "revision", "why"}].
    history = models.JSONField(default=list, blank=True)
    # Whether the gateway is to be told, and what it was told last.
    to_tell = models.BooleanField(default=False)
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
            # "Of what is the gateway to be told?"
            models.Index(fields=["id"], condition=Q(to_tell=True), name="finding_to_tell"),
        ]

    def __str__(self) -> str:
        return f"{self.check_id} {self.summary}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return f"/security/findings/{self.pk}/"

    @property
    def fires(self) -> bool:
        """Whether an alert is to burn for it: an error does not put out what was seen."""
        if not self.score:
            return False
        seen = self.status == self.Status.UNKNOWN and self.seen_at is not None
        return seen or self.status == self.Status.OPEN


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

    # What it covers: a finding of a resource; or a check on a resource, in an account, by tags.
    fingerprint = models.CharField(max_length=64, blank=True)
    check_id = models.CharField("check", max_length=20, blank=True)
    resource = models.ForeignKey(CloudResource, null=True, blank=True, on_delete=models.CASCADE)
    account = models.ForeignKey(CloudAccount, null=True, blank=True, on_delete=models.CASCADE)
    match = models.CharField(max_length=1000, blank=True)
    reason = models.CharField(max_length=1000)
    ticket = models.CharField(max_length=200, blank=True)
    accepted_by = models.CharField(max_length=200)
    # Whose word it takes from `APPROVED_FROM` on; until then it covers nothing.
    approved_by = models.CharField(max_length=200, blank=True)
    accepted_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    # A finding that scores higher is open again.
    max_score = models.PositiveSmallIntegerField(validators=_SCORE)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_reason = models.CharField(max_length=200, blank=True)
    # Whether an alert says that it ends soon.
    told_ending = models.BooleanField(default=False)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL)

    class Meta:
        ordering = ["expires_at", "id"]
        verbose_name = "risk acceptance"
        constraints = [
            models.CheckConstraint(
                condition=~Q(fingerprint="") | ~Q(check_id=""),
                name="acceptance_covers_something",
                violation_error_message="Say what is accepted: a finding, or a check.",
            ),
            models.CheckConstraint(
                condition=Q(fingerprint="") | Q(resource__isnull=False),
                name="acceptance_of_a_finding_names_its_resource",
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(ended_at=None), name="acceptance_ends")
        ]

    def __str__(self) -> str:
        return f"{self.check_id or 'finding'} accepted until {self.expires_at:%Y-%m-%d}"

    @property
    def is_waiting(self) -> bool:
        """Whether it still takes a second person's word."""
        return self.max_score >= APPROVED_FROM and not self.approved_by


class AuditBasis(models.Model):
    """What the last audits were asked by, to audit anew what a difference touches: the versions of
    checks of a technology, the trusted accounts, the known networks, the overrides."""

    name = models.CharField(max_length=60, unique=True)
    value = models.JSONField(default=dict)
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "audit bases"

    def __str__(self) -> str:
        return self.name

"""Accounts of clouds: those that are watched, and those that are only known."""

from django.core.validators import RegexValidator
from django.db import models

from opsportal.accounts.models import Team
from opsportal.lib.crypto import EncryptedJSONField


class CloudAccount(models.Model):
    """An account of AWS: one of ours that is watched, or somebody's whom policies may name."""

    class Kind(models.TextChoices):
        """What it is to us."""

        MANAGED = "managed", "ours, watched"
        FRIENDLY = "friendly", "ours, not watched"
        THIRDPARTY = "thirdparty", "a third party's"

    account_id = models.CharField(
        max_length=12,
        unique=True,
        validators=[RegexValidator(r"\A[0-9]{12}\Z", "an account's number has twelve digits")],
    )
    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.MANAGED)
    partition = models.CharField(max_length=20, default="aws")
    # The role to assume there; empty: the portal's own credentials are of this account.
    role_name = models.CharField(max_length=576, blank=True)
    # What the role's trust policy asks for; shown to nobody.
    external_id = EncryptedJSONField(null=True, blank=True)
    # Where it is watched; global technologies are watched anyway.
    regions = models.JSONField(default=list, blank=True)
    # Slugs of collectors that are not asked here.
    without = models.JSONField(default=list, blank=True)
    enabled = models.BooleanField(default=True)
    # Suspended or closed: nothing is asked, and nothing counts as gone.
    frozen = models.BooleanField(default=False)
    # How S3's lists of grants name it.
    s3_canonical_id = models.CharField(max_length=64, blank=True)
    org_id = models.CharField(max_length=34, blank=True)
    ou_path = models.CharField(max_length=500, blank=True)
    # The SQS queue to which EventBridge or S3 tells of CloudTrail's events; empty: none.
    trail_queue_url = models.CharField(max_length=500, blank=True)
    # When CloudTrail was last heard of its calls; to the minute.
    trail_heard_at = models.DateTimeField(null=True, blank=True, editable=False)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL)
    note = models.CharField(max_length=1000, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # Of what its scopes follow from; where it differs they are arranged anew.
    scopes_digest = models.CharField(max_length=64, blank=True, editable=False)
    # Of the last test: {"at", "ok", "identity", "portal", "tested", "problems"}, each problem
    # {"what", "region", "code", "message", "do"}.
    test = models.JSONField(default=dict, blank=True, editable=False)
    # Somebody asked for a test, then.
    test_due_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["name"]
        verbose_name = "cloud account"

    def __str__(self) -> str:
        return self.name

    @property
    def role_arn(self) -> str:
        """The role to assume; empty: none."""
        if not self.role_name:
            return ""
        return f"arn:{self.partition}:iam::{self.account_id}:role/{self.role_name}"


class NetworkAllowlist(models.Model):
    """Public networks known to be ours or a partner's, so that they are not called wide."""

    cidr = models.CharField("network", max_length=43, unique=True)
    note = models.CharField(max_length=500)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["cidr"]
        verbose_name = "known network"

    def __str__(self) -> str:
        return self.cidr

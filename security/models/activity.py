"""What CloudTrail says was called, and which revisions it brought about."""

from django.db import models
from django.db.models import Q

from security.models.account import CloudAccount
from security.models.resource import ConfigRevision


class ApiActivity(models.Model):
    """One call of AWS's API that changed something, or tried to."""

    class Via(models.TextChoices):
        """How it was heard of. Whoever has a key for changes may post to the door."""

        QUEUE = "queue"
        HOOK = "hook", "posted"

    # CloudTrail's own: what is told again is known.
    event_id = models.CharField(max_length=64, unique=True)
    account = models.ForeignKey(CloudAccount, on_delete=models.CASCADE)
    region = models.CharField(max_length=30, blank=True)
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    service = models.CharField(max_length=60)
    action = models.CharField(max_length=100)
    actor = models.CharField(max_length=200, blank=True)
    principal_type = models.CharField(max_length=30, blank=True)
    principal_arn = models.CharField(max_length=1200, blank=True)
    session_name = models.CharField(max_length=200, blank=True)
    source_address = models.CharField(max_length=200, blank=True)
    user_agent = models.CharField(max_length=500, blank=True)
    # What called, by its user agent: "console", "terraform", "aws-cli" ...
    tool = models.CharField(max_length=20, blank=True)
    via = models.CharField(max_length=5, choices=Via, default=Via.QUEUE)
    mfa = models.BooleanField(null=True, blank=True)
    error_code = models.CharField(max_length=100, blank=True)
    # Whether it is about something that is watched.
    is_watched = models.BooleanField(default=False)
    # Redacted.
    request = models.JSONField(default=dict, blank=True)
    # On the timeline.
    change_id = models.BigIntegerField(null=True, blank=True)
    # Whether resources were asked about because of it, and revisions looked for.
    handled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name_plural = "API activities"
        indexes = [
            models.Index(fields=["account", "-at", "-id"], name="activity_account"),
            models.Index(fields=["-at", "-id"], name="activity_recent"),
            models.Index(fields=["actor", "-at", "-id"], name="activity_actor"),
            models.Index(fields=["at"], condition=Q(is_watched=True), name="activity_watched"),
            models.Index(fields=["id"], condition=Q(handled_at=None), name="activity_new"),
        ]

    def __str__(self) -> str:
        return f"{self.service} {self.action} by {self.actor or 'AWS'}"

    @property
    def by_aws(self) -> bool:
        """Whether AWS itself called: a service, or a role that only a service may take."""
        return self.principal_type == "AWSService" or "/AWSServiceRoleFor" in self.principal_arn


class ActivityTarget(models.Model):
    """A resource that a call was about; an empty id: one that it does not name."""

    activity = models.ForeignKey(ApiActivity, on_delete=models.CASCADE)
    technology = models.CharField(max_length=60)
    resource_id = models.CharField(max_length=1000)

    class Meta:
        indexes = [
            models.Index(fields=["resource_id", "technology"], name="activity_target"),
        ]

    def __str__(self) -> str:
        return f"{self.technology} {self.resource_id}"


class RevisionCause(models.Model):
    """A call that brought a revision about, and how sure that is."""

    class Confidence(models.TextChoices):
        """Exact: it names the resource and lies in the window. Window: only the time fits."""

        EXACT = "exact"
        LIKELY = "likely"
        WINDOW = "window"

    revision = models.ForeignKey(ConfigRevision, on_delete=models.CASCADE, related_name="causes")
    activity = models.ForeignKey(ApiActivity, on_delete=models.CASCADE, related_name="effects")
    confidence = models.CharField(max_length=6, choices=Confidence)
    # The deployment on the timeline that it was part of.
    deployment_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["revision", "activity"], name="one_cause_each")
        ]

    def __str__(self) -> str:
        return f"{self.activity_id} caused {self.revision_id}"


class TrailError(models.Model):
    """Something of an account's trail that could not be used, counted."""

    class Kind(models.TextChoices):
        """What is in the way."""

        QUEUE = "queue", "the queue could not be read"
        UNREADABLE = "unreadable", "a message or file could not be understood"
        ACCOUNT = "account", "calls of an account that is not known"
        REGION = "region", "calls in a region that is not watched"

    # Whose queue it came by.
    account = models.ForeignKey(CloudAccount, on_delete=models.CASCADE)
    kind = models.CharField(max_length=10, choices=Kind)
    # The message's id, the account's number, the region.
    what = models.CharField(max_length=200, blank=True)
    message = models.CharField(max_length=1000, blank=True)
    # Of what could not be understood: redacted, cut.
    body = models.TextField(blank=True)
    count = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        ordering = ["-last_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["account", "kind", "what"], name="one_trail_error_each")
        ]
        indexes = [models.Index(fields=["last_at"], name="trail_error_last")]

    def __str__(self) -> str:
        return f"{self.kind} {self.what}".strip()

"""Who may do what: people, teams, keys for machines, and the trail of what they did."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q


class User(AbstractUser):
    """A person. `is_superuser` is the administrator role; the other roles are memberships."""


class Team(models.Model):
    """Those who own services, rules and channels together."""

    name = models.CharField(max_length=100, unique=True)
    description = models.CharField(max_length=500, blank=True)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person's role in a team."""

    class Role(models.TextChoices):
        """Each role may do what the one before may."""

        VIEWER = "viewer"
        RESPONDER = "responder"
        TEAM_ADMIN = "team_admin", "team admin"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(max_length=12, choices=Role, default=Role.RESPONDER)

    class Meta:
        ordering = ["team", "user"]
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="one_role_per_team")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team} ({self.get_role_display()})"


class ApiKey(models.Model):
    """A machine's credential: `ops_<prefix>_<secret>`, shown once; only SHA-256 of it is stored."""

    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, unique=True, editable=False)
    key_hash = models.CharField(max_length=64, editable=False)
    scopes = models.JSONField(default=list)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, editable=False
    )
    rate_limit = models.PositiveIntegerField(
        null=True, blank=True, help_text="Requests a minute; empty for no limit."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-id"]
        verbose_name = "API key"
        verbose_name_plural = "API keys"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"


class KeyUse(models.Model):
    """How many requests a rate-limited key has spent in one minute."""

    key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="uses")
    minute = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "minute"], name="one_count_per_minute")
        ]

    def __str__(self) -> str:
        return f"{self.key_id} {self.minute:%H:%M}: {self.count}"


class AuditEntry(models.Model):
    """One write by a person, a key or the command line: who, what, before, after. Never edited."""

    at = models.DateTimeField(db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    key = models.ForeignKey(ApiKey, null=True, blank=True, on_delete=models.SET_NULL)
    # The actor's name as it was, since people and keys may be deleted; "command line" otherwise.
    actor = models.CharField(max_length=200)
    action = models.CharField(max_length=50)
    target_type = models.CharField(max_length=100)
    target_id = models.CharField(max_length=100)
    target = models.CharField(max_length=300)
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "audit entries"
        indexes = [
            # "What was done to this thing?"
            models.Index(fields=["target_type", "target_id", "-id"], name="audit_of_target"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(actor=""), name="audit_names_an_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.target}"

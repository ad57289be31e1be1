"""Resources of clouds, every revision of their configuration, and what they have to do with each
other."""

from django.db import models
from django.db.models import Q

from security.models.account import CloudAccount
from security.normalise import COSMETIC, OPERATIONAL, SECURITY


class CloudResource(models.Model):
    """Something that is configured: a security group, a role, a bucket."""

    class State(models.TextChoices):
        """Missing: a listing did not have it. Deleted: that is proved."""

        ACTIVE = "active"
        MISSING = "missing"
        DELETED = "deleted"

    account = models.ForeignKey(CloudAccount, on_delete=models.CASCADE)
    region = models.CharField(max_length=30, blank=True)
    technology = models.CharField(max_length=60)
    resource_id = models.CharField(max_length=1000)
    arn = models.CharField(max_length=1200, blank=True)
    name = models.CharField(max_length=500, blank=True)
    # What policies show in place of its ARN.
    unique_id = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.ACTIVE)
    first_seen_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    # When what is stored here was asked for: it never goes back in time.
    captured_at = models.DateTimeField()
    missing_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    complete_hash = models.CharField(max_length=64)
    durable_hash = models.CharField(max_length=64)
    normaliser_version = models.PositiveIntegerField()
    # As it is now, with what is ephemeral.
    config = models.JSONField()
    # Facets that could not be read, and hold what was known before:
    # {facet: {code, message, action}}.
    unknown = models.JSONField(default=dict, blank=True)
    tags = models.JSONField(default=dict, blank=True)
    revision_count = models.PositiveIntegerField(default=0)
    # The highest of its open findings, and of all with the accepted ones.
    score = models.PositiveSmallIntegerField(default=0)
    full_score = models.PositiveSmallIntegerField(default=0)
    # When it is to be audited; null: not until it changes.
    audit_at = models.DateTimeField(null=True, blank=True)
    # When it was last, and up to which revision.
    audited_at = models.DateTimeField(null=True, blank=True)
    audited_number = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        verbose_name = "cloud resource"
        constraints = [
            models.UniqueConstraint(
                fields=["account", "technology", "region", "resource_id"], name="one_resource_each"
            )
        ]
        indexes = [
            # "Whose ARN is this?", "where is sg-1?"
            models.Index(fields=["arn"], name="resource_arn"),
            models.Index(fields=["resource_id"], name="resource_id"),
            models.Index(fields=["name"], name="resource_name"),
            # "Whom does a policy mean by AROA...?"
            models.Index(fields=["unique_id"], condition=~Q(unique_id=""), name="resource_unique"),
            # "What is to be audited?"
            models.Index(
                fields=["audit_at"], condition=Q(audit_at__isnull=False), name="resource_audit"
            ),
            # "What is worst?"
            models.Index(fields=["-score", "-id"], name="resource_worst"),
            # "What is there?", of a technology, of an account, of those that are gone.
            models.Index(fields=["technology", "id"], name="resource_technology"),
            models.Index(fields=["account", "id"], name="resource_account"),
            models.Index(fields=["state", "id"], name="resource_state"),
        ]

    def __str__(self) -> str:
        return self.name or self.resource_id

    def get_absolute_url(self) -> str:
        """Its page."""
        return f"/security/resources/{self.pk}/"


class ConfigRevision(models.Model):
    """The configuration as it was from then on. Never changed, only added to.

    What becomes known later of its cause is a `RevisionCause`; `actor` and `attribution` say the
    best of them again, for lists.
    """

    class Kind(models.TextChoices):
        """What it was to the resource."""

        CREATED = "created"
        CHANGED = "changed"
        DELETED = "deleted"
        RESTORED = "restored"

    class Source(models.TextChoices):
        """How the portal came to see it."""

        POLL = "poll"
        EVENT = "event"

    class ChangeClass(models.TextChoices):
        """What it is worth being told of."""

        SECURITY = SECURITY
        OPERATIONAL = OPERATIONAL
        COSMETIC = COSMETIC

    class Attribution(models.TextChoices):
        """How well its cause is known. Pending: an event may still come."""

        PENDING = "pending"
        EXACT = "exact"
        LIKELY = "likely"
        WINDOW = "window"
        NONE = "none", "no event announced it"
        BASELINE = "baseline", "was there before"

    resource = models.ForeignKey(CloudResource, on_delete=models.CASCADE)
    # Of the resource: 1, 2, 3 ...
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=Kind)
    source = models.CharField(max_length=5, choices=Source)
    change_class = models.CharField(max_length=11, choices=ChangeClass)
    # As it was asked for; the change lies between the capture before and this one.
    captured_at = models.DateTimeField()
    captured_before_at = models.DateTimeField(null=True, blank=True)
    # When CloudTrail says that it was made.
    effective_at = models.DateTimeField(null=True, blank=True)
    config = models.JSONField()
    tags = models.JSONField(default=dict, blank=True)
    # Against the one before: see security/diff.
    changes = models.JSONField(default=list, blank=True)
    summary = models.CharField(max_length=1000, blank=True)
    complete_hash = models.CharField(max_length=64)
    durable_hash = models.CharField(max_length=64)
    normaliser_version = models.PositiveIntegerField()
    # Of the resource, again: lists of changes are filtered by them.
    account = models.ForeignKey(CloudAccount, on_delete=models.CASCADE, related_name="+")
    region = models.CharField(max_length=30, blank=True)
    technology = models.CharField(max_length=60)
    # What the findings' highest score became by it, less what it was.
    score_change = models.SmallIntegerField(default=0)
    actor = models.CharField(max_length=200, blank=True)
    attribution = models.CharField(max_length=8, choices=Attribution, default=Attribution.PENDING)
    # On the timeline; null: not told there (a first look at what was there before).
    event_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["resource", "number"], name="one_revision_each")
        ]
        indexes = [
            # "What changed last?", of all and by what lists are filtered by.
            models.Index(fields=["-captured_at", "-id"], name="revision_recent"),
            models.Index(fields=["account", "-captured_at", "-id"], name="revision_account"),
            models.Index(fields=["technology", "-captured_at", "-id"], name="revision_technology"),
            models.Index(fields=["actor", "-captured_at", "-id"], name="revision_actor"),
            models.Index(fields=["change_class", "-captured_at", "-id"], name="revision_class"),
            # "What did no event announce?"
            models.Index(
                fields=["-captured_at", "-id"],
                condition=Q(attribution="none"),
                name="revision_unannounced",
            ),
            models.Index(
                fields=["-captured_at", "-id"], condition=~Q(score_change=0), name="revision_scored"
            ),
            # "Whose cause is looked for?"
            models.Index(
                fields=["captured_at"], condition=Q(attribution="pending"), name="revision_pending"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.resource_id}#{self.number} {self.kind}"

    def get_absolute_url(self) -> str:
        """Its page."""
        return f"/security/revisions/{self.pk}/"


class Relation(models.Model):
    """What a resource refers to: a group's prefix list, an interface's groups."""

    source = models.ForeignKey(CloudResource, on_delete=models.CASCADE)
    kind = models.CharField(max_length=40)
    # The other's resource id, which need not be known here, in the same account.
    target = models.CharField(max_length=1000)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "kind", "target"], name="one_relation_each")
        ]
        indexes = [models.Index(fields=["target", "kind"], name="relation_target")]

    def __str__(self) -> str:
        return f"{self.source_id} {self.kind} {self.target}"


class AddressUse(models.Model):
    """A network that a resource has or lets in, from when to when: "who had 10.1.2.3?"."""

    class Role(models.TextChoices):
        """What the address is to the resource."""

        HAS = "has"
        ADMITS = "admits"
        REACHES = "reaches"
        LISTS = "lists"

    resource = models.ForeignKey(CloudResource, on_delete=models.CASCADE)
    role = models.CharField(max_length=7, choices=Role)
    # The first address as 32 hex digits of IPv6 (IPv4 mapped), and the length of the prefix there.
    first = models.CharField(max_length=32)
    length = models.PositiveSmallIntegerField()
    # As people write it, and what it is for, such as "tcp 22".
    cidr = models.CharField(max_length=43)
    note = models.CharField(max_length=200, blank=True)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            # "Which networks have this address?": asked by all prefixes of it. "Which are within?"
            models.Index(fields=["first", "length"], name="address_network"),
            models.Index(fields=["resource"], condition=Q(until=None), name="address_current"),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.cidr}"

"""One change on the timeline, and what it is recognised by."""

from django.db import models
from django.db.models import Q

from chronos.normalise import STATUSES


class ChangeEvent(models.Model):
    """One change: what was reported of it, folded into one row.

    Under way (or planned) while `ended_at` is empty. On PostgreSQL the table is partitioned by the
    month of `started_at`, so no other table may have a foreign key of the database to it.
    """

    kind = models.CharField(max_length=50)
    action = models.CharField(max_length=50, blank=True)
    status = models.CharField(max_length=10, choices=[(name, name) for name in STATUSES])
    title = models.CharField(max_length=500)
    service = models.CharField(max_length=200, blank=True)
    environment = models.CharField(max_length=100, blank=True)
    region = models.CharField(max_length=100, blank=True)
    version = models.CharField(max_length=200, blank=True)
    previous_version = models.CharField(max_length=200, blank=True)
    team = models.CharField(max_length=100, blank=True)
    actor = models.CharField(max_length=200, blank=True)
    # user or automation; empty: not known.
    actor_type = models.CharField(max_length=10, blank=True)
    actor_email = models.CharField(max_length=254, blank=True)
    source = models.CharField(max_length=200)
    external_id = models.CharField(max_length=300, blank=True)
    # What was changed, such as "alerts.rule:12".
    subject = models.CharField(max_length=300, blank=True)
    # 0 (of no consequence) to 5.
    severity = models.PositiveSmallIntegerField(default=0)
    artifact = models.CharField(max_length=500, blank=True)
    commit = models.CharField(max_length=100, blank=True)
    repository = models.CharField(max_length=300, blank=True)
    correlation_id = models.CharField(max_length=200, blank=True)
    causation_id = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    expected_end_at = models.DateTimeField(null=True, blank=True)
    # When the portal heard of it first, and last.
    recorded_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    # Heard of long after it happened; its clock is ahead of the portal's.
    late = models.BooleanField(default=False)
    skewed = models.BooleanField(default=False)
    # Lasted longer than what a search for a moment looks back for; see chronos/search.py.
    lasting = models.BooleanField(default=False)
    # How often it was reported.
    reports = models.PositiveIntegerField(default=1)
    # Matchers of the alerts that are held back while it is under way; see change windows.
    scope = models.CharField(max_length=1000, blank=True)
    tags = models.JSONField(default=list)
    labels = models.JSONField(default=dict)
    links = models.JSONField(default=list)
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)
    data = models.JSONField(default=dict)
    body = models.TextField(blank=True)

    class Meta:
        ordering = ["-started_at", "-id"]
        verbose_name = "change"
        indexes = [
            # "What happened in the last hour?"
            models.Index(fields=["-started_at", "-id"], name="change_by_start"),
            # "What happened to this service?"
            models.Index(fields=["service", "-started_at", "-id"], name="change_of_service"),
            # "What was deployed in prod during the last day?"
            models.Index(
                fields=["environment", "kind", "-started_at", "-id"], name="change_of_place"
            ),
            # "What was deployed?"
            models.Index(fields=["kind", "-started_at", "-id"], name="change_of_kind"),
            # "What ran here then?"
            models.Index(
                fields=["environment", "service", "region", "-ended_at", "-id"],
                name="change_deployed",
                condition=Q(kind__in=("deployment", "rollback"), status="succeeded"),
            ),
            # "What is under way?"
            models.Index(
                fields=["-started_at"], name="change_open", condition=Q(ended_at__isnull=True)
            ),
            # "What was under way then, though it began long before?"
            models.Index(fields=["-started_at"], name="change_lasting", condition=Q(lasting=True)),
            # "What is new since I last asked?"
            models.Index(fields=["updated_at", "id"], name="change_by_update"),
            # "What else belongs to it?"
            models.Index(
                fields=["correlation_id", "-started_at"],
                name="change_correlated",
                condition=~Q(correlation_id=""),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Its page."""
        return f"/changes/{self.pk}/"

    @property
    def what(self) -> str:
        """Kind and action: "rule.created"."""
        return f"{self.kind}.{self.action}" if self.action else self.kind


class EventKey(models.Model):
    """What a change is recognised by when it is reported again: a digest of source and id."""

    id = models.UUIDField(primary_key=True)
    event_id = models.BigIntegerField(db_index=True)

    def __str__(self) -> str:
        return f"{self.id} of {self.event_id}"

"""What is watched where, how its collections went, and what they could not read."""

from django.db import models
from django.db.models import Q

from opsportal.lib.aws.errors import Outcome
from opsportal.lib.outbox import OutboxRow, State, dead_index
from security.models.account import CloudAccount


class Scope(models.Model):
    """One technology in one region of one account: what a single listing covers."""

    account = models.ForeignKey(CloudAccount, on_delete=models.CASCADE)
    # Empty: a global technology.
    region = models.CharField(max_length=30, blank=True)
    technology = models.CharField(max_length=60)
    enabled = models.BooleanField(default=True)
    watched_since = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=16, choices=Outcome, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    # When the last complete one began: the inventory is as of then.
    complete_at = models.DateTimeField(null=True, blank=True)
    # When it is to be collected next.
    next_at = models.DateTimeField()
    # Resources that the last complete one listed.
    listed = models.PositiveIntegerField(default=0)
    # In a row that were not complete.
    failures = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=100, blank=True)
    error_message = models.CharField(max_length=1000, blank=True)
    request_id = models.CharField(max_length=100, blank=True)
    # Of what could not be read and was not cleared since: `CollectorError`.
    errors = models.PositiveIntegerField(default=0)
    # Raised by each that writes, so that two never write over each other.
    generation = models.PositiveIntegerField(default=0)
    # Checks that passed, by slug: passes have no rows.
    passes = models.JSONField(default=dict, blank=True)
    # Of a mass disappearance that was held: {"since", "absent", "of"}.
    held = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["account", "technology", "region"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "region", "technology"], name="one_scope_each"
            )
        ]
        indexes = [
            # "Which scopes are due?"
            models.Index(fields=["next_at"], condition=Q(enabled=True), name="scope_due")
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.region or 'global'} {self.technology}"


class Collection(OutboxRow):
    """One asking of a scope: of all of it, or of the resources that `targets` names."""

    class Reason(models.TextChoices):
        """Why it is asked."""

        POLL = "poll"
        EVENT = "event"
        PERSON = "person"

    scope = models.ForeignKey(Scope, on_delete=models.CASCADE)
    reason = models.CharField(max_length=6, choices=Reason, default=Reason.POLL)
    # Ids of resources; empty: everything.
    targets = models.JSONField(default=list, blank=True)
    # The lowest is asked first: what an event or a person waits for, before what is only due.
    rank = models.PositiveSmallIntegerField(default=1, editable=False)
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=16, choices=Outcome, blank=True)
    listed = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0)
    http_calls = models.PositiveIntegerField(default=0)
    throttles = models.PositiveIntegerField(default=0)
    duration_ms = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=100, blank=True)
    error_message = models.CharField(max_length=1000, blank=True)
    request_id = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["scope"],
                condition=Q(targets=[], state__in=[State.DUE, State.CLAIMED]),
                name="one_collection_of_all",
            )
        ]
        indexes = [
            models.Index(
                fields=["rank", "due_at"],
                condition=Q(state__in=[State.DUE, State.CLAIMED]),
                name="collection_due",
            ),
            dead_index("collection_dead"),
            # "How did the last ones of this scope go?"
            models.Index(fields=["scope", "-id"], name="collection_of_scope"),
            # "What is old enough to go?"
            models.Index(fields=["finished_at"], name="collection_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.reason} of {self.scope_id} at {self.asked_at:%Y-%m-%d %H:%M}"

    @property
    def is_full(self) -> bool:
        """Whether it asks for everything."""
        return not self.targets


class CollectorError(models.Model):
    """Something that could not be read: of a scope, a resource, or a facet of some resources."""

    scope = models.ForeignKey(Scope, on_delete=models.CASCADE)
    # Empty: of the scope as a whole, or of a facet of as many resources as `resources` says.
    resource_id = models.CharField(max_length=1000, blank=True)
    facet = models.CharField(max_length=60, blank=True)
    outcome = models.CharField(max_length=16, choices=Outcome, default=Outcome.FAILED)
    code = models.CharField(max_length=100)
    message = models.CharField(max_length=1000, blank=True)
    resources = models.PositiveIntegerField(default=0)
    # The permission that is missing, as far as one can tell.
    action = models.CharField(max_length=100, blank=True)
    count = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    # When it could be read again.
    cleared_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-last_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "resource_id", "facet", "code"], name="one_error_each"
            )
        ]
        indexes = [
            models.Index(fields=["-last_at"], name="collector_error_recent"),
            # "What cannot be read?"
            models.Index(
                fields=["scope"], condition=Q(cleared_at=None), name="collector_error_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} of {self.resource_id or self.scope_id} {self.facet}".strip()

"""Operations, who agreed to them, what they did, and what holds them back."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from opsportal.accounts.models import Team

# The name of the lock that holds every plug-in.
GLOBAL = "everything"
# States that nothing follows but a score; what is done holds its targets until then.
CLOSED = ["done", "simulated", "failed", "refused", "expired", "stopped"]


class Operation(models.Model):
    """One plan of something dangerous: frozen targets and calls, and how far it has come."""

    class State(models.TextChoices):
        """`unknown`: something was called and nobody heard the answer; a person has to look."""

        PLANNED = "planned"
        WAITING = "waiting_approval", "waiting for approval"
        APPROVED = "approved"
        EXECUTING = "executing"
        DONE = "done"
        SIMULATED = "simulated"
        FAILED = "failed"
        REFUSED = "refused"
        EXPIRED = "expired"
        STOPPED = "stopped"
        UNKNOWN = "unknown"

    plugin = models.CharField(max_length=50)
    # Whose wish it is, e.g. "alerts.remediation:5": no wish is planned twice.
    token = models.CharField(max_length=200, unique=True)
    # On whose account it is capped and scored, e.g. "alerts.rule:3"; and the name for people.
    requester = models.CharField(max_length=200)
    requested_by = models.CharField(max_length=200)
    reason = models.CharField(max_length=500, blank=True)
    # What it is about, e.g. "alerts.alert:12".
    subject = models.CharField(max_length=200, blank=True)
    # Where the app that asked shows it; empty: the page of the operation itself.
    page = models.CharField(max_length=200, blank=True)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL)
    # Service, environment and region, for the timeline.
    place = models.JSONField(default=dict)
    parameters = models.JSONField(default=dict)
    targets = models.JSONField(default=list)
    calls = models.JSONField(default=list)
    # What was looked at while planning: name, passed, detail.
    checks = models.JSONField(default=list)
    plan_hash = models.CharField(max_length=64)
    needs_approval = models.BooleanField(default=True)
    # Frozen with the plan: what was planned as a simulation is never done in earnest.
    dry_run = models.BooleanField(default=True)
    # Which locks made it a simulation.
    dry_run_why = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=16, choices=State, default=State.PLANNED)
    # Why it was refused, stopped or failed, or what came of it.
    outcome = models.CharField(max_length=1000, blank=True)
    # Counts the attempts to execute; an attempt that was taken for dead calls nothing any more.
    run = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    # 1: it helped, 0: it did not; empty: not done in earnest, or not known yet.
    score = models.FloatField(null=True, blank=True)
    scored_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            # "What is planned or under way, and what has expired?"
            models.Index(
                fields=["expires_at"],
                condition=~Q(state__in=CLOSED),
                name="operation_open",
            ),
            # "How often did it help, lately?"
            models.Index(
                fields=["requester", "-id"],
                condition=Q(score__isnull=False),
                name="operation_scored",
            ),
        ]

    def __str__(self) -> str:
        return f"Operation {self.pk}: {self.plugin}"

    def get_absolute_url(self) -> str:
        """Where people decide about it."""
        return self.page or f"/safety/operations/{self.pk}/"

    @property
    def state_text(self) -> str:
        """The state, as people read it."""
        return self.get_state_display().lower()


class OperationTarget(models.Model):
    """A target of an operation: what holds others off it, and what caps are counted by."""

    operation = models.ForeignKey(
        Operation, on_delete=models.CASCADE, related_name="target_rows", db_index=False
    )
    key = models.CharField(max_length=300)
    # Those whose caps it counts for; `pool` is what the percentage is taken of.
    requester = models.CharField(max_length=200)
    fleet = models.CharField(max_length=200)
    pool = models.CharField(max_length=200, blank=True)
    # Members of one group are never acted on at the same time.
    group = models.CharField(max_length=300, blank=True)
    holds = models.BooleanField(default=True)
    # When it was acted on, in earnest or not.
    acted_at = models.DateTimeField(null=True, blank=True)
    simulated = models.BooleanField(default=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=Q(holds=True), name="one_operation_per_target"
            ),
            models.UniqueConstraint(fields=["operation", "key"], name="target_once_per_operation"),
        ]
        indexes = [
            # "What was acted on within the window?"
            models.Index(
                fields=["acted_at"], condition=Q(acted_at__isnull=False), name="target_acted"
            ),
            # "When was this one acted on last?"
            models.Index(fields=["key", "-id"], name="target_by_key"),
        ]

    def __str__(self) -> str:
        return self.key


class Approval(models.Model):
    """A person's word on a plan: on exactly the plan of that hash. Never edited."""

    class Verdict(models.TextChoices):
        """What they said."""

        APPROVED = "approved"
        REJECTED = "rejected"

    operation = models.OneToOneField(Operation, on_delete=models.CASCADE, related_name="approval")
    verdict = models.CharField(max_length=8, choices=Verdict)
    plan_hash = models.CharField(max_length=64)
    at = models.DateTimeField()
    actor = models.CharField(max_length=200)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL
    )
    note = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.get_verdict_display()} by {self.actor}"


class JournalEntry(models.Model):
    """What an operation is about to do, and what came of it. Added, never edited."""

    class Kind(models.TextChoices):
        """An intent without an answer: whoever called ended before it heard."""

        INTENT = "intent"
        ANSWER = "answer"
        SIMULATED = "simulated"
        NOTE = "note"

    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="journal")
    kind = models.CharField(max_length=9, choices=Kind)
    # Which of the plan's calls; empty for a note.
    call = models.PositiveSmallIntegerField(null=True, blank=True)
    at = models.DateTimeField()
    succeeded = models.BooleanField(null=True, blank=True)
    text = models.TextField()
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "journal entries"
        constraints = [
            # No call is ever made twice.
            models.UniqueConstraint(
                fields=["operation", "call", "kind"],
                condition=Q(call__isnull=False),
                name="one_entry_per_call",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.text}"


class Leash(models.Model):
    """A lock: while it is not armed, what it holds is only simulated.

    One row holds everything (`GLOBAL`), one each plug-in; a plug-in without a row is not armed.
    """

    name = models.CharField(max_length=50, unique=True)
    armed = models.BooleanField(default=False)
    changed_at = models.DateTimeField(null=True, blank=True)
    changed_by = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "leashes"

    def __str__(self) -> str:
        return f"{self.name}: {'armed' if self.armed else 'simulate'}"


class Stop(models.Model):
    """A pull of the kill switch: nothing dangerous happens until a person ends it."""

    stopped_at = models.DateTimeField()
    stopped_by = models.CharField(max_length=200)
    why = models.CharField(max_length=500, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=200, blank=True)
    scope = models.CharField(max_length=20, default=GLOBAL, editable=False)

    class Meta:
        ordering = ["-id"]
        verbose_name = "kill switch"
        verbose_name_plural = "kill switch"
        constraints = [
            models.UniqueConstraint(
                fields=["scope"], condition=Q(ended_at=None), name="one_stop_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"Stopped by {self.stopped_by} at {self.stopped_at:%Y-%m-%d %H:%M:%S}"


class Suspension(models.Model):
    """A requester whose operations helped too seldom: nothing more for it until a person agrees."""

    requester = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    since = models.DateTimeField()
    why = models.CharField(max_length=500)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["requester"], condition=Q(lifted_at=None), name="one_suspension_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} suspended"

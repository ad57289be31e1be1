"""Who is on call when, and in which steps they are paged."""

from datetime import timedelta

from django.db import models
from django.db.models import F, Q

from alerts.models.channel import Channel
from opsportal.accounts.models import Team, User
from opsportal.lib.crypto import EncryptedJSONField


class Schedule(models.Model):
    """A calendar of who is on call: layers of rotations, an imported calendar, overrides.

    Overrides win over the calendar, that over the layers, and of these the later over the earlier.
    """

    name = models.CharField(max_length=100, unique=True)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL)
    # Handovers stay at the same time of day there.
    zone = models.CharField(max_length=64, default="UTC")
    description = models.CharField(max_length=500, blank=True)
    # Where shifts are imported from; such addresses often hold a token.
    ical_url = EncryptedJSONField(default=str, blank=True)
    # Of the import: the last try, the last success, since when it fails, what is wrong.
    ical_tried_at = models.DateTimeField(null=True, blank=True, editable=False)
    ical_imported_at = models.DateTimeField(null=True, blank=True, editable=False)
    ical_failing_since = models.DateTimeField(null=True, blank=True, editable=False)
    ical_error = models.TextField(blank=True, editable=False)
    # Events that could not be used, though the rest was.
    ical_note = models.TextField(blank=True, editable=False)
    # Signed in the address of the calendar that we give out: another number revokes it.
    feed_number = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The schedule's page."""
        return f"/oncall/{self.pk}/"


class Layer(models.Model):
    """A rotation: its people take turns of the same length, handed over at the same time of day."""

    class Unit(models.TextChoices):
        """What the length of a turn is counted in."""

        HOURS = "hours"
        DAYS = "days"
        WEEKS = "weeks"

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="layers")
    position = models.PositiveSmallIntegerField(default=0)
    name = models.CharField(max_length=100)
    length = models.PositiveSmallIntegerField(default=1)
    unit = models.CharField(max_length=5, choices=Unit, default=Unit.WEEKS)
    # The first handover, as a clock on a wall in the schedule's zone shows it.
    starts_on = models.DateField()
    starts_at = models.TimeField()
    # When the layer counts at all, as `opsportal/lib/windows.py` reads it; empty: always.
    hours = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(length__gte=1), name="layer_turns"),
        ]

    def __str__(self) -> str:
        return self.name


class LayerPerson(models.Model):
    """A place in a rotation; a person may have several."""

    layer = models.ForeignKey(Layer, on_delete=models.CASCADE, related_name="places")
    position = models.PositiveSmallIntegerField(default=0)
    user = models.ForeignKey(User, on_delete=models.CASCADE)

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return f"{self.user} in {self.layer}"


class Override(models.Model):
    """Somebody takes over for a while; of several at one time the one made last counts."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="overrides")
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    note = models.CharField(max_length=500, blank=True)
    author = models.CharField(max_length=200, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="override_ends_after_its_start"
            ),
        ]
        indexes = [
            # "Which reach into this time?"
            models.Index(fields=["schedule", "ends_at"], name="override_of_schedule"),
        ]

    def __str__(self) -> str:
        return f"{self.user} for {self.schedule}"

    @property
    def team_id(self) -> int | None:
        """Whose it is: the schedule's team's."""
        return self.schedule.team_id

    @property
    def team(self) -> Team | None:
        """Whose it is: the schedule's team's."""
        return self.schedule.team


class ImportedShift(models.Model):
    """A shift of the last good import of a schedule's calendar."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="imported")
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    summary = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["starts_at", "id"]
        indexes = [
            # "Which reach into this time?"
            models.Index(fields=["schedule", "ends_at"], name="imported_of_schedule"),
        ]

    def __str__(self) -> str:
        return f"{self.user} for {self.schedule}"


class EscalationPolicy(models.Model):
    """In which steps a team is paged, until somebody takes the alert."""

    name = models.CharField(max_length=100, unique=True)
    # Whose pages walk it.
    team = models.OneToOneField(
        Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="escalation_policy"
    )
    # How often it begins anew after the last step.
    repeat = models.PositiveSmallIntegerField(default=0)
    # After the last step: so long until it begins anew, or is given up.
    repeat_after = models.DurationField(default=timedelta(minutes=5))
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]
        verbose_name = "escalation policy"
        verbose_name_plural = "escalation policies"
        constraints = [
            models.CheckConstraint(condition=Q(repeat__lte=9), name="policy_repeats_at_most_9"),
        ]

    def __str__(self) -> str:
        return self.name


class EscalationStep(models.Model):
    """Who is told so long after the step before; the first counts from the start."""

    policy = models.ForeignKey(EscalationPolicy, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField(default=0)
    delay = models.DurationField(default=timedelta(0))

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return f"step {self.position + 1} of {self.policy}"


class EscalationTarget(models.Model):
    """One whom a step tells: whoever a schedule has on call, a person, a channel, a whole team."""

    step = models.ForeignKey(EscalationStep, on_delete=models.CASCADE, related_name="targets")
    position = models.PositiveSmallIntegerField(default=0)
    schedule = models.ForeignKey(
        Schedule, null=True, blank=True, on_delete=models.PROTECT, related_name="paged_by"
    )
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE)
    channel = models.ForeignKey(
        Channel, null=True, blank=True, on_delete=models.PROTECT, related_name="paged_by"
    )
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    schedule__isnull=False, user__isnull=True, channel__isnull=True,
                    team__isnull=True,
                )
                | Q(
                    schedule__isnull=True, user__isnull=False, channel__isnull=True,
                    team__isnull=True,
                )
                | Q(
                    schedule__isnull=True, user__isnull=True, channel__isnull=False,
                    team__isnull=True,
                )
                | Q(
                    schedule__isnull=True, user__isnull=True, channel__isnull=True,
                    team__isnull=False,
                ),
                name="target_is_one",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        kind, name = self.named
        return f"{kind} {name}"

    @property
    def named(self) -> tuple[str, str]:
        """What it is and its name, as a file says it."""
        for kind in ("schedule", "user", "channel", "team"):
            found = getattr(self, kind)
            if found is not None:
                return kind, str(found)
        return "", ""

"""How many changes there were, hour by hour: kept for ever, unlike the changes."""

from django.db import models


class ChangeCount(models.Model):
    """Changes that began within an hour and are alike."""

    hour = models.DateTimeField()
    kind = models.CharField(max_length=50)
    environment = models.CharField(max_length=100, blank=True)
    source = models.CharField(max_length=200)
    status = models.CharField(max_length=10)
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["hour", "kind", "environment", "source", "status"], name="one_change_count"
            )
        ]
        indexes = [
            # "When was this source heard of?"
            models.Index(fields=["source", "hour"], name="change_count_of_source"),
        ]

    def __str__(self) -> str:
        return f"{self.count} {self.kind} at {self.hour}"


class StaleHour(models.Model):
    """An hour whose changes are to be counted again.

    Several rows may name the same one: whoever adds one must not depend on another that is about
    to be worked off.
    """

    hour = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.hour)


class CountProgress(models.Model):
    """How far counting has come; one row."""

    # Changes that were recorded or changed before are counted, or their hours are stale.
    counted_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)
    # Since then the portal has listened without a long gap.
    listening_since = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"counted until {self.counted_at}"

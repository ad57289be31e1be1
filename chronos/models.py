"""The timeline of what changed."""

from django.db import models


class ChangeEvent(models.Model):
    """One change that happened (or is under way while `ended_at` is empty). Never edited."""

    kind = models.CharField(max_length=100)
    summary = models.CharField(max_length=500)
    actor = models.CharField(max_length=200)
    source = models.CharField(max_length=200)
    service = models.CharField(max_length=200, blank=True)
    environment = models.CharField(max_length=100, blank=True)
    region = models.CharField(max_length=100, blank=True)
    version = models.CharField(max_length=200, blank=True)
    team = models.CharField(max_length=100, blank=True)
    subject = models.CharField(max_length=300, blank=True)
    labels = models.JSONField(default=dict)
    details = models.JSONField(default=dict)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["-started_at", "-id"]
        indexes = [
            # "What happened in the last hour?"
            models.Index(fields=["-started_at", "-id"], name="change_by_start"),
            # "What happened to this service?"
            models.Index(fields=["service", "-started_at"], name="change_of_service"),
        ]

    def __str__(self) -> str:
        return self.summary

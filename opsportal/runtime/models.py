"""The running portal, as rows: which processes are alive."""

from django.db import models


class Process(models.Model):
    """One process's sign of life; the dispatcher and others write theirs every few seconds."""

    name = models.CharField(max_length=50)
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()

    class Meta:
        ordering = ["name", "host"]
        verbose_name_plural = "processes"
        constraints = [
            models.UniqueConstraint(fields=["name", "host", "pid"], name="one_row_per_process"),
        ]

    def __str__(self) -> str:
        return f"{self.name} on {self.host} ({self.pid})"

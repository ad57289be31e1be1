"""What runs where, now."""

from django.db import models


class Running(models.Model):
    """What the newest successful deployment of a place (service, environment, region) left there.

    Follows from the changes; `manage.py rebuildstate` makes it anew. A place from which the
    service was removed keeps its row, so that a late report does not bring it back.
    """

    service = models.CharField(max_length=200)
    environment = models.CharField(max_length=100, blank=True)
    region = models.CharField(max_length=100, blank=True)
    # Empty: not known.
    version = models.CharField(max_length=200, blank=True)
    # As it was reported with the deployment.
    previous_version = models.CharField(max_length=200, blank=True)
    removed = models.BooleanField(default=False)
    kind = models.CharField(max_length=50)
    team = models.CharField(max_length=100, blank=True)
    actor = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=200)
    # The deployment, and its end.
    event_id = models.BigIntegerField(db_index=True)
    since = models.DateTimeField()

    class Meta:
        ordering = ["service", "environment", "region"]
        verbose_name_plural = "running"
        constraints = [
            models.UniqueConstraint(
                fields=["service", "environment", "region"], name="running_place"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service} {self.version} in {self.environment}"

"""What people say of suspects."""

from django.db import models

from alerts.models.episode import Alert


class Suspicion(models.Model):
    """Whether a change was the cause of an alert, as a person found."""

    class Verdict(models.TextChoices):
        """One alert may have several causes."""

        CONFIRMED = "confirmed"
        REJECTED = "rejected"

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="suspicions")
    # No key of the database: changes have a retention of their own.
    change_id = models.BigIntegerField(db_index=True)
    # What it was, should it be gone.
    title = models.CharField(max_length=500)
    verdict = models.CharField(max_length=9, choices=Verdict)
    actor = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["alert", "change_id"], name="one_verdict_per_suspect")
        ]

    def __str__(self) -> str:
        return f"{self.title}: {self.verdict}"

"""Who was told, how often it was tried, and what was answered."""

from django.db import models

from alerts.models.episode import Alert, Transition
from alerts.models.rule import Channel, Rule
from opsportal.accounts.models import ApiKey
from opsportal.lib.outbox import OutboxRow, dead_index, due_index


class Notification(OutboxRow):
    """One telling of one recipient about one episode: "already told" as data, and the outbox."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="notifications")
    transition = models.ForeignKey(Transition, on_delete=models.CASCADE)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="notifications")
    rule = models.ForeignKey(Rule, null=True, blank=True, on_delete=models.SET_NULL)
    # What the recipient is told: the severity while firing, "resolved", or "woken <transition>".
    about = models.CharField(max_length=40)
    created_at = models.DateTimeField()
    # Those of the channel's recipients who have it, while others are still tried.
    accepted = models.JSONField(default=list, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["alert", "channel", "about"], name="told_once"),
        ]
        indexes = [
            due_index("notification_due"),
            dead_index("notification_dead"),
        ]

    def __str__(self) -> str:
        return f"Notification {self.pk}, {self.about}"

    @property
    def idempotency_key(self) -> str:
        """The same for every attempt, so that a receiver can drop a second copy."""
        # With its time, since another database may give out the same number.
        return f"opsportal-notification-{self.pk}-{int(self.created_at.timestamp())}"


class DeliveryAttempt(models.Model):
    """One try to hand a notification over, with the other side's answer."""

    notification = models.ForeignKey(
        Notification, on_delete=models.CASCADE, related_name="delivery_attempts"
    )
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    duration = models.DurationField()
    succeeded = models.BooleanField()
    answer = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"attempt {self.number}: {self.answer}"


class IdempotentReply(models.Model):
    """The answer once given to an Idempotency-Key, given again to a repeat of the request."""

    key = models.ForeignKey(ApiKey, on_delete=models.CASCADE)
    token = models.CharField(max_length=255)
    body_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.TextField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name_plural = "idempotent replies"
        constraints = [
            models.UniqueConstraint(fields=["key", "token"], name="one_reply_per_token"),
        ]

    def __str__(self) -> str:
        return self.token

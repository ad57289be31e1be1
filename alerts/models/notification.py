"""Who was told, how often it was tried, and what was answered."""

from django.db import models

from alerts.models.channel import Channel
from alerts.models.episode import Alert, Transition
from alerts.models.policy import Subscription
from alerts.models.rule import Rule
from opsportal.accounts.models import ApiKey
from opsportal.lib.outbox import OutboxRow, dead_index, due_index


class AlertGroup(OutboxRow):
    """Alerts that one channel is told of together; due when its next message is."""

    # Of rule or subscription, channel and the values of the shared labels.
    key = models.CharField(max_length=64)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE)
    rule = models.ForeignKey(Rule, null=True, blank=True, on_delete=models.SET_NULL)
    subscription = models.ForeignKey(Subscription, null=True, blank=True, on_delete=models.SET_NULL)
    labels = models.JSONField(default=dict)
    # Between two messages; the first has waited before.
    interval = models.DurationField()
    opened_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True, blank=True)
    # All its alerts are over and that was told: the next one begins a new group.
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=models.Q(closed_at=None), name="one_open_group"
            ),
        ]
        indexes = [due_index("group_due"), dead_index("group_dead")]

    def __str__(self) -> str:
        return f"Group {self.pk}"

    @property
    def episode_key(self) -> str:
        """What other systems know all its messages by; with its time, as the number may return."""
        return f"opsportal-group-{self.pk}-{int(self.opened_at.timestamp())}"


class Notification(OutboxRow):
    """One telling of one recipient about one episode: "already told" as data, and the outbox.

    Those of a group are held until its next message; one of them, the lead, then carries it for
    all, and they are done when it is.
    """

    # Found by `told_once`, which begins with it.
    alert = models.ForeignKey(
        Alert, on_delete=models.CASCADE, related_name="notifications", db_index=False
    )
    transition = models.ForeignKey(Transition, on_delete=models.CASCADE)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="notifications")
    rule = models.ForeignKey(Rule, null=True, blank=True, on_delete=models.SET_NULL)
    subscription = models.ForeignKey(
        Subscription, null=True, blank=True, on_delete=models.SET_NULL, db_index=False
    )
    group = models.ForeignKey(
        AlertGroup,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="notifications",
        db_index=False,
    )
    lead = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="followers",
        db_index=False,
    )
    # The one that failed on another channel, whose fallback this channel is.
    instead_of = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="fallbacks",
        db_index=False,
    )
    # What the recipient is told: the severity while firing, "resolved", "woken <transition>",
    # "released <transition>" or "page <round>.<step>".
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
            # "What waits for this group's next message, and what was in the last?"
            models.Index(
                fields=["group", "-id"],
                condition=models.Q(group__isnull=False),
                name="notification_of_group",
            ),
            models.Index(
                fields=["lead"], condition=models.Q(lead__isnull=False), name="notification_led"
            ),
            # Most are told by rules.
            models.Index(
                fields=["subscription"],
                condition=models.Q(subscription__isnull=False),
                name="notification_subscribed",
            ),
            # "Was another channel told instead?"
            models.Index(
                fields=["instead_of"],
                condition=models.Q(instead_of__isnull=False),
                name="notification_instead",
            ),
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

    # Found by `one_reply_per_token`, which begins with it.
    key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, db_index=False)
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

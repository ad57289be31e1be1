"""Topics of Amazon SNS that may send, and those that ask to."""

from django.db import models

from opsportal.accounts.models import ApiKey, Team
from opsportal.lib.crypto import EncryptedJSONField


class SnsTopic(models.Model):
    """A topic at the door of a key. On the key's allow-list is every one but the `unknown`."""

    class State(models.TextChoices):
        """How the subscription stands, as far as SNS has said."""

        UNKNOWN = "unknown", "not allowed"  # nobody has allowed it: it is refused
        ALLOWED = "allowed"  # SNS has not asked for the confirmation yet
        PENDING = "pending", "to be confirmed"
        CONFIRMED = "confirmed"
        FAILED = "failed"  # SNS did not take the confirmation
        UNSUBSCRIBED = "unsubscribed"

    key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="sns_topics")
    topic_arn = models.CharField("topic ARN", max_length=350)
    state = models.CharField(max_length=12, choices=State, default=State.ALLOWED, editable=False)
    # The message that asks for the confirmation, as it came: its SubscribeURL holds a token. That
    # of an `unknown` topic is not verified.
    confirmation = EncryptedJSONField(null=True, editable=False)
    asked_at = models.DateTimeField(null=True, editable=False)
    subscription_arn = models.CharField(
        "subscription ARN", max_length=400, blank=True, editable=False
    )
    first_seen_at = models.DateTimeField(null=True, editable=False)
    # Of an alert; exact to a minute.
    last_message_at = models.DateTimeField(null=True, editable=False)
    error = models.CharField(max_length=500, blank=True, editable=False)

    class Meta:
        ordering = ["topic_arn"]
        verbose_name = "SNS topic"
        constraints = [
            models.UniqueConstraint(fields=["key", "topic_arn"], name="one_row_per_key_and_topic")
        ]

    def __str__(self) -> str:
        return self.topic_arn

    @property
    def name(self) -> str:
        """For the timeline."""
        return self.topic_arn

    @property
    def team(self) -> Team | None:
        """Whose it is: the key's."""
        return self.key.team

    @property
    def team_id(self) -> int | None:
        """The same, for permissions."""
        return self.key.team_id

    @property
    def confirmable(self) -> bool:
        """Whether a person may confirm it now; of an ended one, whether it can be restored."""
        states = (self.State.PENDING, self.State.FAILED, self.State.UNSUBSCRIBED)
        return self.confirmation is not None and self.state in states

"""Ways to tell somebody, and the words of what is told."""

from django.db import models

from opsportal.accounts.models import Team, User
from opsportal.lib.crypto import EncryptedJSONField
from opsportal.lib.registry import choices


def channel_kinds() -> list[tuple[str, str]]:
    """The channel plug-ins, as form choices."""
    return choices("ALERT_CHANNELS")


class MessageTemplate(models.Model):
    """Words of a team's own for messages: Django's template language, without its way out."""

    name = models.CharField(max_length=100, unique=True)
    subject = models.CharField(max_length=500, blank=True)
    body = models.TextField(max_length=20_000, blank=True)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Channel(models.Model):
    """A way to tell somebody; what `settings` holds is the plug-in's business."""

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=30, choices=channel_kinds)
    settings = EncryptedJSONField(default=dict)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL)
    # Whose own it is: how this person is reached when subscribed or on call.
    user = models.ForeignKey(
        User,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="channels",
    )
    enabled = models.BooleanField(default=True)
    # Told instead, once this channel has failed for good.
    fallback = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL)
    rate_limit = models.PositiveIntegerField(
        null=True, blank=True, help_text="Messages a minute; empty for no limit."
    )
    template = models.ForeignKey(MessageTemplate, null=True, blank=True, on_delete=models.SET_NULL)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ChannelState(models.Model):
    """How a channel has been doing lately: its circuit breaker, and what it sent this minute.

    No row: nothing was ever amiss, and nothing counted.
    """

    channel = models.OneToOneField(
        Channel, on_delete=models.CASCADE, primary_key=True, related_name="delivery_state"
    )
    # In a row, since it last worked.
    failures = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=500, blank=True)
    # Since when nothing but probes is sent; empty while it works.
    opened_at = models.DateTimeField(null=True, blank=True)
    # When the next probe may be sent.
    open_until = models.DateTimeField(null=True, blank=True)
    # Openings in a row: each waits twice as long as the one before.
    trips = models.PositiveSmallIntegerField(default=0)
    # Number of the five seconds (since 1970) -> messages sent in them.
    recent = models.JSONField(default=dict)

    def __str__(self) -> str:
        return "open" if self.opened_at else "working"

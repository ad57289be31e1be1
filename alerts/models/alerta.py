"""Alerta's documents: an alert of Alerta lives on over closing and opening; an episode does not."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import uuid4

from django.db import models
from django.db.models import Q

from alerts.models.episode import Alert
from alerts.models.heartbeat import Heartbeat
from opsportal.accounts.models import Team

if TYPE_CHECKING:
    _Texts = models.TextField[Sequence[str], list[str]]
else:
    _Texts = models.TextField


class WordsField(_Texts):
    """A list of texts, each on a line of its own, so that a database can look for a whole one."""

    def from_db_value(self, value: str, *_: object) -> list[str]:
        """The list."""
        return value.split("\n")[1:-1]

    def get_prep_value(self, value: Sequence[str]) -> str:
        """Framed by line ends."""
        return "".join(f"\n{word}" for word in value) + "\n" * bool(value)


class AlertaAlert(models.Model):
    """The document of one (environment, resource, event or a correlated one, customer).

    Times are Alerta's, to the millisecond. While an episode is open, what stands there wins:
    people act on it, and it expires. The document follows: at its next change for good, and in
    what is read at once; see alerts/alerta/follow.py.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    # Environment, resource and customer in one.
    place = models.CharField(max_length=64, editable=False)
    environment = models.CharField(max_length=100, blank=True)
    resource = models.CharField(max_length=300)
    event = models.CharField(max_length=300)
    customer = models.CharField(max_length=200, blank=True)
    correlate = WordsField(default=list, blank=True)
    severity = models.CharField(max_length=13)
    status = models.CharField(max_length=8)
    service = WordsField(default=list, blank=True)
    group = models.CharField(max_length=200)
    # Null is not the empty text here: Alerta's history tells one from the other.
    value = models.TextField(null=True, blank=True)  # noqa: DJ001
    text = models.TextField(blank=True)
    tags = WordsField(default=list, blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    origin = models.CharField(max_length=300)
    type = models.CharField(max_length=100)
    timeout = models.PositiveIntegerField()  # seconds; 0: never
    raw_data = models.TextField(blank=True)
    duplicate_count = models.PositiveIntegerField(default=0)
    repeat = models.BooleanField(default=False)
    previous_severity = models.CharField(max_length=13)
    trend = models.CharField(max_length=10)
    created_at = models.DateTimeField()  # by the sender's clock
    received_at = models.DateTimeField()  # when its severity changed last
    last_received_at = models.DateTimeField()
    last_receive_id = models.UUIDField()
    updated_at = models.DateTimeField()  # when its status changed last
    # Newest first, capped; rows as Alerta writes them.
    history = models.JSONField(default=list, blank=True)
    changed_at = models.DateTimeField()  # the newest row's
    notes = models.JSONField(default=list, blank=True)

    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL, db_index=False)
    episode = models.ForeignKey(
        Alert,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="alerta_documents",
    )
    # The episode's last transition that the document knows of.
    followed = models.BigIntegerField(default=0)
    # When an acknowledgement ends by itself.
    reverts_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "Alerta alert"
        ordering = ["-last_received_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["place", "event"], name="one_alerta_alert_per_event")
        ]
        indexes = [
            # "What came in last?", of what is asked for by no other order.
            models.Index(fields=["-last_received_at", "id"], name="alerta_by_receipt"),
            # A document goes by the number of its last alert, too.
            models.Index(fields=["last_receive_id"], name="alerta_by_receive_id"),
            # "What changed last?"
            models.Index(fields=["-changed_at"], name="alerta_by_change"),
            # "Which acknowledgements have lasted long enough?"
            models.Index(
                fields=["reverts_at"], condition=Q(reverts_at__isnull=False), name="alerta_reverts"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.environment} {self.resource} {self.event}".strip()

    @property
    def dedup_key(self) -> str:
        """Of its episodes."""
        return f"alerta:{self.id}"


class AlertaHeartbeat(models.Model):
    """What Alerta knows of a heartbeat and the portal does not."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    origin = models.CharField(max_length=300)
    customer = models.CharField(max_length=200, blank=True)
    tags = WordsField(default=list, blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    timeout = models.PositiveIntegerField()  # seconds
    created_at = models.DateTimeField()  # by the sender's clock
    received_at = models.DateTimeField()
    heartbeat = models.OneToOneField(Heartbeat, on_delete=models.CASCADE, related_name="alerta")

    class Meta:
        verbose_name = "Alerta heartbeat"
        ordering = ["origin", "customer"]
        constraints = [
            models.UniqueConstraint(fields=["origin", "customer"], name="one_alerta_heartbeat")
        ]

    def __str__(self) -> str:
        return self.origin

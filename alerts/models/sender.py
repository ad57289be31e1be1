"""Who sends, and what came in: senders with their counts, and deliveries as received."""

from django.db import models

from opsportal.accounts.models import ApiKey


class Sender(models.Model):
    """A key that was used at the doors of a format."""

    key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="senders")
    format = models.CharField(max_length=30)
    first_seen_at = models.DateTimeField()
    # Exact to a few seconds, as the counts are.
    last_seen_at = models.DateTimeField()
    last_failed_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True)
    # Of the last request.
    address = models.GenericIPAddressField(null=True, blank=True)
    agent = models.CharField("user agent", max_length=200, blank=True)

    class Meta:
        ordering = ["-last_seen_at"]
        constraints = [
            models.UniqueConstraint(fields=["key", "format"], name="one_sender_per_key_and_format")
        ]

    def __str__(self) -> str:
        return f"{self.key} at {self.format}"


class SenderCount(models.Model):
    """What a sender sent in ten minutes from `slot`: requests, events in them, failed requests."""

    key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="sender_counts")
    format = models.CharField(max_length=30)
    slot = models.DateTimeField()
    requests = models.PositiveIntegerField(default=0)
    events = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-slot"]
        constraints = [
            models.UniqueConstraint(fields=["key", "format", "slot"], name="one_count_per_slot")
        ]
        indexes = [
            # "What came in during the last day?", and what is old enough to go?
            models.Index(fields=["slot"], name="sender_count_by_slot"),
        ]

    def __str__(self) -> str:
        return f"{self.key_id} at {self.format}, {self.slot:%H:%M}: {self.requests}"


class RawDelivery(models.Model):
    """A request as it came in, redacted and capped, and what became of it."""

    class Verdict(models.TextChoices):
        """A `failed` one is a dead letter until it is replayed; `refused` ones are not theirs."""

        STORED = "stored"
        PARTIAL = "partial", "stored in part"
        IGNORED = "ignored"
        FAILED = "failed"
        REFUSED = "refused"

    key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="raw_deliveries")
    format = models.CharField(max_length=30)
    received_at = models.DateTimeField()
    # The door, with `<key>` where a key stood.
    path = models.CharField(max_length=200)
    query = models.CharField(max_length=1000, blank=True)
    content_type = models.CharField(max_length=200, blank=True)
    headers = models.JSONField(default=dict)
    address = models.GenericIPAddressField(null=True, blank=True)
    size = models.PositiveIntegerField()
    # More came in than is kept, so it cannot be replayed.
    truncated = models.BooleanField(default=False)
    verdict = models.CharField(max_length=8, choices=Verdict)
    error = models.TextField(blank=True)
    events = models.PositiveIntegerField(default=0)
    # The first of them, alerts and changes.
    alert_ids = models.JSONField(default=list)
    change_ids = models.JSONField(default=list)
    replayed_at = models.DateTimeField(null=True, blank=True)
    # Last: SQLite walks through it to whatever stands behind it.
    body = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "raw deliveries"
        indexes = [
            # "What did this sender send?"
            models.Index(fields=["key", "format", "-id"], name="raw_of_sender"),
            # "What could not be understood?" (Not a partial one: SQLite would not use it.)
            models.Index(fields=["verdict", "-id"], name="raw_by_verdict"),
            # "What is old enough to go?"
            models.Index(fields=["received_at"], name="raw_by_receipt"),
        ]

    def __str__(self) -> str:
        return f"{self.format} at {self.received_at:%Y-%m-%d %H:%M:%S}: {self.verdict}"

    @property
    def replayable(self) -> bool:
        """Whether another try may bring what this one did not."""
        return self.verdict in (self.Verdict.FAILED, self.Verdict.PARTIAL) and not self.truncated

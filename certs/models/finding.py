"""What is wrong, for as long as it is."""

from django.db import models
from django.db.models import Q

from certs.models.certificate import Certificate
from certs.models.endpoint import Endpoint
from certs.models.source import Source


class Finding(models.Model):
    """One thing that is wrong with a certificate, an endpoint or a source."""

    # Of certs/kinds.py, such as "expiring".
    kind = models.CharField(max_length=30)
    # What it is about; of an endpoint's also the certificate that it serves.
    certificate = models.ForeignKey(
        Certificate, null=True, blank=True, on_delete=models.CASCADE, related_name="findings"
    )
    endpoint = models.ForeignKey(
        Endpoint, null=True, blank=True, on_delete=models.CASCADE, related_name="findings"
    )
    source = models.ForeignKey(
        Source, null=True, blank=True, on_delete=models.CASCADE, related_name="findings"
    )
    # Digest of kind and subject: at most one is open.
    fingerprint = models.CharField(max_length=64)
    # Of the gateway; empty: noted, nobody is alerted.
    severity = models.CharField(max_length=8, blank=True)
    summary = models.CharField(max_length=1000)
    facts = models.JSONField(default=dict, blank=True)
    # Of a policy's thresholds the one that is crossed, such as "14d" or "25%".
    threshold = models.CharField(max_length=60, blank=True)
    opened_at = models.DateTimeField()
    # Since when it is as severe as it is.
    severity_at = models.DateTimeField()
    judged_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    # Such as "renewed", "no longer served", "fixed", "retired".
    closed_reason = models.CharField(max_length=100, blank=True)
    # Whether the gateway is to be told, and what it was told last.
    to_tell = models.BooleanField(default=False)
    told_severity = models.CharField(max_length=8, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["fingerprint"], condition=Q(closed_at=None), name="one_open_cert_finding"
            )
        ]
        indexes = [
            models.Index(
                fields=["kind", "-id"], condition=Q(closed_at=None), name="cert_finding_open"
            ),
            models.Index(fields=["certificate", "-id"], name="cert_finding_certificate"),
            models.Index(fields=["endpoint", "-id"], name="cert_finding_endpoint"),
            models.Index(fields=["source", "-id"], name="cert_finding_source"),
            models.Index(fields=["id"], condition=Q(to_tell=True), name="cert_finding_to_tell"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.summary}"

    @property
    def about(self) -> Endpoint | Source | Certificate | None:
        """What it is about."""
        return self.endpoint or self.source or self.certificate


class Crossing(models.Model):
    """A threshold that a finding crossed: when it was due, and when it was noticed."""

    finding = models.ForeignKey(Finding, on_delete=models.CASCADE, related_name="crossings")
    threshold = models.CharField(max_length=60)
    severity = models.CharField(max_length=8)
    due_at = models.DateTimeField()
    noticed_at = models.DateTimeField()
    policy = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["finding", "threshold"], name="one_crossing_each")
        ]

    def __str__(self) -> str:
        return f"{self.threshold} of {self.finding_id}"

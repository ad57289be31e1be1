"""When an expiry is told of, and whose a certificate is."""

from datetime import timedelta

from django.db import models

from opsportal.accounts.models import Team


class CertificatePolicy(models.Model):
    """Thresholds for the certificates that it matches; the first policy that matches counts."""

    name = models.CharField(max_length=100, unique=True)
    position = models.PositiveIntegerField(default=100)
    enabled = models.BooleanField(default=True)
    # Matchers, of what certs/judge/facts.py has; empty: every certificate.
    match = models.CharField(max_length=2000, blank=True)
    # [{"severity", "ratio", "floor"} or {"severity", "days"}], as certs/judge/thresholds.py reads
    # them; empty: the usual ones.
    thresholds = models.JSONField(default=list, blank=True)
    # For how long an old certificate may be served after a renewed one was seen.
    stale_grace = models.DurationField(default=timedelta(hours=1))
    # Kinds of findings that are not told of.
    without = models.JSONField(default=list, blank=True)
    note = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ["position", "id"]
        verbose_name_plural = "certificate policies"

    def __str__(self) -> str:
        return self.name


class OwnershipRule(models.Model):
    """Whose the certificates are that it matches; the first rule that matches counts."""

    name = models.CharField(max_length=100, unique=True)
    position = models.PositiveIntegerField(default=100)
    enabled = models.BooleanField(default=True)
    match = models.CharField(max_length=2000, blank=True)
    team = models.ForeignKey(Team, on_delete=models.CASCADE)
    environment = models.CharField(max_length=100, blank=True)
    service = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name

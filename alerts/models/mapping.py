"""How the payloads of generic webhooks become alerts."""

from django.db import models

from opsportal.accounts.models import ApiKey, Team


class Mapping(models.Model):
    """What to take for what in a payload; `alerts/formats/mapping.py` reads and applies it."""

    name = models.CharField(max_length=100, unique=True)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL)
    # The payload is ignored unless this is true of it; empty: it never is.
    condition = models.CharField(max_length=500, blank=True)
    # Where the list of alerts is; empty: the payload is one alert.
    alerts = models.CharField(max_length=500, blank=True)
    # Field of an alert -> expression.
    fields = models.JSONField(default=dict, blank=True)
    # Label -> expression.
    labels = models.JSONField(default=dict, blank=True)
    # Value -> firing, resolved or ignore; and value -> severity. `*` stands for all others.
    statuses = models.JSONField(default=dict, blank=True)
    severities = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class MappedKey(models.Model):
    """A key whose payloads a mapping reads; each has one at most."""

    mapping = models.ForeignKey(Mapping, on_delete=models.CASCADE, related_name="mapped_keys")
    key = models.OneToOneField(ApiKey, on_delete=models.CASCADE, related_name="mapped")

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return f"{self.key_id} by {self.mapping_id}"

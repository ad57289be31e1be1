"""What a sender signs its requests with."""

from django.db import models

from opsportal.accounts.models import ApiKey
from opsportal.lib.crypto import EncryptedJSONField


class SigningSecret(models.Model):
    """Requests with the key count only when they are signed: HMAC-SHA-256 of the body, in hex.

    With a timestamp header its text and a colon stand before the body. (Grafana's scheme:
    grafana/alerting http/hmac.go.)
    """

    key = models.OneToOneField(
        ApiKey, on_delete=models.CASCADE, related_name="signing_secret", verbose_name="API key"
    )
    secret = EncryptedJSONField(default=str)
    header = models.CharField(max_length=100, default="X-Grafana-Alerting-Signature")
    # Unix seconds; empty: the sender sends none.
    timestamp_header = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return f"signatures of {self.key}"

    @property
    def team_id(self) -> int | None:
        """It is owned as the key is."""
        return self.key.team_id

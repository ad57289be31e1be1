"""What was seen, for machines."""

from typing import Any

from rest_framework import serializers

from certs.models import Observation
from opsportal.lib.times import format_instant


class ObservationSerializer(serializers.ModelSerializer[Observation]):
    """What one address served, for as long as that stayed the same."""

    chain = serializers.JSONField(help_text="SHA-256 of each certificate, as served.")
    facts = serializers.JSONField(help_text="Such as the first bytes of what is no TLS.")
    certificate = serializers.SerializerMethodField(help_text="The leaf.")
    current = serializers.BooleanField(help_text="Whether it is the newest of its address.")
    serving = serializers.BooleanField(
        help_text="Whether it is the newest of its address that has a chain."
    )

    class Meta:
        model = Observation
        fields = [
            "id", "address", "result", "detail", "certificate", "chain", "tls_version", "cipher",
            "client_cert_wanted", "legacy", "facts", "latency_ms", "first_seen_at", "last_seen_at",
            "count", "current", "serving",
        ]  # fmt: skip
        read_only_fields = fields

    def get_certificate(self, row: Observation) -> dict[str, Any] | None:
        """Enough to name it."""
        leaf = row.certificate
        if leaf is None:
            return None
        return {
            "id": leaf.pk,
            "sha256": leaf.sha256,
            "title": leaf.title,
            "issuer": leaf.issuer_title,
            "not_before": format_instant(leaf.not_before),
            "not_after": format_instant(leaf.not_after),
        }

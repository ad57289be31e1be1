"""How the API describes itself where the code alone cannot say it."""

from typing import Any

from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiResponse,
    PolymorphicProxySerializer,
)
from rest_framework import serializers

from alerts.api.serializers import LinkSerializer
from alerts.normalise import SEVERITIES
from opsportal.lib.api.schema import ERROR, IDEMPOTENCY_KEY, TOKEN_REUSED

CONFLICT = OpenApiResponse(
    {
        "type": "object",
        "allOf": [ERROR],
        "required": ["alert"],
        "properties": {"alert": {"$ref": "#/components/schemas/Alert"}},
    },
    "The alert is in that state already; `alert` shows it.",
)


class AlertPostSerializer(serializers.Serializer[Any]):
    """What a sender says of one alert. Unknown fields are kept in `raw`; null means absent."""

    name = serializers.CharField(max_length=300)
    status = serializers.CharField(
        required=False, allow_null=True, help_text="`firing` (the default) or `resolved`."
    )
    severity = serializers.CharField(
        required=False,
        allow_null=True,
        help_text=f"{', '.join(SEVERITIES)}, or a common synonym (page, error, P1 ...).",
    )
    summary = serializers.CharField(required=False, allow_null=True, max_length=1024)
    description = serializers.CharField(required=False, allow_null=True, max_length=32_768)
    # (The base has attributes of that name; DRF keeps declared fields elsewhere.)
    source = serializers.CharField(  # type: ignore[assignment]
        required=False, allow_null=True, max_length=200
    )
    service = serializers.CharField(required=False, allow_null=True, max_length=200)
    resource = serializers.CharField(required=False, allow_null=True, max_length=300)
    environment = serializers.CharField(required=False, allow_null=True, max_length=100)
    region = serializers.CharField(required=False, allow_null=True, max_length=100)
    labels = serializers.DictField(
        child=serializers.CharField(allow_blank=True), required=False, allow_null=True
    )
    annotations = serializers.DictField(
        child=serializers.CharField(allow_blank=True), required=False, allow_null=True
    )
    links = LinkSerializer(many=True, required=False, allow_null=True)
    value = serializers.FloatField(required=False, allow_null=True)
    runbook_url = serializers.CharField(required=False, allow_null=True, max_length=1000)
    dedup_key = serializers.CharField(required=False, allow_null=True, max_length=255)
    starts_at = serializers.DateTimeField(required=False, allow_null=True)
    ends_at = serializers.DateTimeField(required=False, allow_null=True)
    timeout = serializers.FloatField(
        required=False,
        allow_null=True,
        min_value=0,
        help_text="Seconds after the last receipt until it resolves by itself; 0 is never.",
    )


class ReceiptSerializer(serializers.Serializer[Any]):
    """What became of one posted alert."""

    id = serializers.IntegerField(allow_null=True)
    dedup_key = serializers.CharField()
    outcome = serializers.ChoiceField(
        ["opened", "repeated", "changed", "reopened", "resolved", "ignored"]
    )
    status = serializers.CharField()
    severity = serializers.CharField()
    repeat_count = serializers.IntegerField()
    url = serializers.CharField(allow_null=True)


class FieldErrorSerializer(serializers.Serializer[Any]):
    """One complaint about one field."""

    field = serializers.CharField()
    message = serializers.CharField()


class RejectedSerializer(serializers.Serializer[Any]):
    """A posted alert that could not be used, by its place in the array."""

    index = serializers.IntegerField()
    errors = FieldErrorSerializer(many=True)  # type: ignore[assignment]


class BatchReceiptSerializer(serializers.Serializer[Any]):
    """What became of an array."""

    accepted = serializers.IntegerField()
    results = ReceiptSerializer(many=True)
    rejected = RejectedSerializer(many=True)


INTAKE: dict[str, Any] = {
    "operation_id": "alerts_post",
    "request": PolymorphicProxySerializer(
        component_name="AlertPosts",
        serializers=[AlertPostSerializer, AlertPostSerializer(many=True)],
        resource_type_field_name=None,
        many=False,
    ),
    "parameters": [IDEMPOTENCY_KEY],
    "responses": {
        200: PolymorphicProxySerializer(
            component_name="Receipts",
            serializers=[ReceiptSerializer, BatchReceiptSerializer],
            resource_type_field_name=None,
            many=False,
        ),
        201: ReceiptSerializer,
        409: TOKEN_REUSED,
    },
    "examples": [
        OpenApiExample(
            "One alert",
            value={"name": "HighLatency", "service": "billing", "severity": "high"},
            request_only=True,
        )
    ],
}

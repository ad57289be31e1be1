"""How the API describes itself where the code alone cannot say it."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, PolymorphicProxySerializer
from rest_framework import serializers

from alerts.api.serializers import LinkSerializer
from opsportal.lib.api import ErrorSerializer


def errors(*statuses: int) -> dict[int, Any]:
    """The error answers of an operation; every one that asks for a key may answer these."""
    return dict.fromkeys(sorted({401, 403, *statuses}), ErrorSerializer)


class AlertPostSerializer(serializers.Serializer[Any]):
    """What a sender says of one alert. Unknown fields are kept in `raw`."""

    name = serializers.CharField(max_length=300)
    status = serializers.ChoiceField(["firing", "resolved"], required=False, default="firing")
    severity = serializers.CharField(
        required=False,
        default="warning",
        help_text="critical, high, warning, low, info, or a common synonym (page, error, P1 ...).",
    )
    summary = serializers.CharField(required=False)
    description = serializers.CharField(required=False)
    source = serializers.CharField(required=False)
    service = serializers.CharField(required=False)
    resource = serializers.CharField(required=False)
    environment = serializers.CharField(required=False)
    region = serializers.CharField(required=False)
    labels = serializers.DictField(child=serializers.CharField(), required=False)
    annotations = serializers.DictField(child=serializers.CharField(), required=False)
    links = LinkSerializer(many=True, required=False)
    value = serializers.FloatField(required=False)
    runbook_url = serializers.CharField(required=False)
    dedup_key = serializers.CharField(required=False, max_length=255)
    starts_at = serializers.DateTimeField(required=False)
    ends_at = serializers.DateTimeField(required=False)
    timeout = serializers.IntegerField(
        required=False, min_value=1, help_text="Seconds after the last receipt until it resolves."
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
    errors = FieldErrorSerializer(many=True)


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
    "parameters": [
        OpenApiParameter(
            "Idempotency-Key",
            OpenApiTypes.STR,
            OpenApiParameter.HEADER,
            description="The same key with the same body gets the first answer again.",
        )
    ],
    "responses": {
        200: PolymorphicProxySerializer(
            component_name="Receipts",
            serializers=[ReceiptSerializer, BatchReceiptSerializer],
            resource_type_field_name=None,
            many=False,
        ),
        201: ReceiptSerializer,
        **errors(400, 409, 413, 429, 503),
    },
    "examples": [
        OpenApiExample(
            "One alert",
            value={"name": "HighLatency", "service": "billing", "severity": "high"},
            request_only=True,
        )
    ],
}

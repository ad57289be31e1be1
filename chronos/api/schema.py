"""How the API of changes describes itself where the code alone cannot say it."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    PolymorphicProxySerializer,
)
from rest_framework import serializers

from chronos.api.serializers import ChangeLinkSerializer, ChangeReceiptSerializer
from chronos.normalise import ACTOR_TYPES, STATUSES
from chronos.search import LISTS
from opsportal.lib.api.schema import IDEMPOTENCY_KEY, TOKEN_REUSED

EVENT_ID = OpenApiParameter("event_id", OpenApiTypes.INT64, OpenApiParameter.PATH)
_MANY = "One, or several with commas or by repeating."
_FIT = [
    *(OpenApiParameter(name, str, description=_MANY) for name in LISTS),
    OpenApiParameter("tag", str, description="A tag; all that are given must be there."),
    OpenApiParameter("text", str, description='Words that all occur, "phrases" in quotes.'),
    OpenApiParameter("match", str, description='Matchers: `{service=~"api|web"}`.'),
    OpenApiParameter("unfinished", bool, description="Only what is planned or under way."),
]
FILTERS = [
    *_FIT,
    OpenApiParameter("since", str, description="Not over before then: RFC 3339, or `24h`."),
    OpenApiParameter("until", str, description="Begun before then: RFC 3339, or `24h`."),
]
PAGING = [
    OpenApiParameter("cursor", str, description="From `next` of the page before."),
    OpenApiParameter("limit", int, description="Rows a page: 1 to 500, 50 if not said."),
]
FOLLOWING = [
    *_FIT,
    OpenApiParameter("since", str, description="Heard of since then; if not said, now."),
    OpenApiParameter("cursor", str, description="From `next` of the answer before."),
    OpenApiParameter("limit", int, description="How many are looked at: 1 to 500."),
]
EXPORT: dict[str, Any] = {
    "parameters": FILTERS,
    "responses": {
        (200, "text/csv"): OpenApiResponse(OpenApiTypes.STR),
        (200, "application/jsonl"): OpenApiResponse(OpenApiTypes.STR),
    },
}


class ActorSerializer(serializers.Serializer[Any]):
    """Who did it, where more than the name is known."""

    name = serializers.CharField(max_length=200)
    type = serializers.ChoiceField(ACTOR_TYPES, required=False, allow_null=True)
    email = serializers.CharField(max_length=254, required=False, allow_null=True)


def _text(most: int) -> serializers.CharField:
    return serializers.CharField(max_length=most, required=False, allow_null=True)


class ChangePostSerializer(serializers.Serializer[Any]):
    """What is said of one change. Unknown fields are kept in `data`; null means absent."""

    kind = serializers.RegexField(r"^[A-Za-z0-9][A-Za-z0-9_.:-]*$", max_length=50)
    title = serializers.CharField(max_length=500)
    action = _text(50)
    status = serializers.ChoiceField(
        STATUSES,
        required=False,
        allow_null=True,
        help_text="If not said: succeeded, or started where `expected_end_at` is given.",
    )
    body = _text(20_000)
    service = _text(200)
    app = _text(200)
    environment = _text(100)
    env = _text(100)
    region = _text(100)
    version = _text(200)
    previous_version = _text(200)
    team = _text(100)
    actor = _text(200)
    actor_type = serializers.ChoiceField(ACTOR_TYPES, required=False, allow_null=True)
    actor_email = _text(254)
    # (The base has attributes of these names; DRF keeps declared fields elsewhere.)
    source = _text(200)  # type: ignore[assignment]
    external_id = _text(300)
    subject = _text(300)
    severity = serializers.IntegerField(min_value=0, max_value=5, required=False, allow_null=True)
    artifact = _text(500)
    commit = _text(100)
    repository = _text(300)
    correlation_id = _text(200)
    causation_id = _text(200)
    scope = serializers.CharField(
        max_length=1000, required=False, allow_null=True, help_text="Matchers of alerts."
    )
    started_at = serializers.DateTimeField(required=False, allow_null=True)
    ended_at = serializers.DateTimeField(required=False, allow_null=True)
    expected_end_at = serializers.DateTimeField(required=False, allow_null=True)
    tags = serializers.ListField(
        child=serializers.CharField(max_length=200), max_length=50, required=False, allow_null=True
    )
    labels = serializers.DictField(
        child=serializers.CharField(allow_blank=True), required=False, allow_null=True
    )
    links = ChangeLinkSerializer(many=True, required=False, allow_null=True)
    before = serializers.JSONField(required=False, allow_null=True)
    after = serializers.JSONField(required=False, allow_null=True)
    data = serializers.DictField(  # type: ignore[assignment]
        required=False, allow_null=True
    )


class ChangeFieldErrorSerializer(serializers.Serializer[Any]):
    """One complaint about one field."""

    field = serializers.CharField()
    message = serializers.CharField()


class RejectedChangeSerializer(serializers.Serializer[Any]):
    """A change that could not be used, by its place in the array."""

    index = serializers.IntegerField()
    errors = ChangeFieldErrorSerializer(many=True)  # type: ignore[assignment]


class ChangeBatchSerializer(serializers.Serializer[Any]):
    """What became of an array."""

    accepted = serializers.IntegerField(help_text="Recorded or updated.")
    duplicates = serializers.IntegerField(help_text="What was known already.")
    rejected = RejectedChangeSerializer(many=True)
    results = ChangeReceiptSerializer(many=True)


_EXAMPLE = {
    "kind": "deployment", "title": "billing 4.2.1", "service": "billing", "environment": "prod",
    "version": "4.2.1", "source": "ci", "external_id": "builds/812", "status": "started",
}  # fmt: skip
INTAKE: dict[str, Any] = {
    "operation_id": "events_post",
    "request": PolymorphicProxySerializer(
        component_name="ChangePosts",
        serializers=[ChangePostSerializer, ChangePostSerializer(many=True)],
        resource_type_field_name=None,
        many=False,
    ),
    "parameters": [IDEMPOTENCY_KEY],
    "responses": {
        200: PolymorphicProxySerializer(
            component_name="ChangeReceipts",
            serializers=[ChangeReceiptSerializer, ChangeBatchSerializer],
            resource_type_field_name=None,
            many=False,
        ),
        201: ChangeReceiptSerializer,
        409: TOKEN_REUSED,
    },
    "examples": [OpenApiExample("A deployment begins", value=_EXAMPLE, request_only=True)],
}
UPSERT: dict[str, Any] = {
    "request": ChangePostSerializer,
    "responses": {200: ChangeReceiptSerializer, 201: ChangeReceiptSerializer},
}
_SOURCE = OpenApiParameter("source", str, required=True, description="As it was reported.")
BY_QUERY = [_SOURCE, OpenApiParameter("external_id", str, required=True)]
BY_PATH = [
    OpenApiParameter("source", str, OpenApiParameter.PATH),
    OpenApiParameter("external_id", str, OpenApiParameter.PATH),
]

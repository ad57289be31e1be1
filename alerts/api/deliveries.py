"""Raw deliveries: requests as they came in, and another try of what failed."""

from collections.abc import Collection
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import NotFound
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from alerts.api.fields import parse_number
from alerts.models import RawDelivery
from alerts.replay import replay_delivery
from opsportal.accounts.actors import actor_of
from opsportal.accounts.permissions import request_can_respond, scoped
from opsportal.lib.api import KeysetPagination
from opsportal.lib.errors import FieldError, ForbiddenError, PayloadError
from opsportal.lib.registry import known_formats
from opsportal.lib.times import utc_now

DELIVERY_ID = OpenApiParameter("delivery_id", OpenApiTypes.INT64, OpenApiParameter.PATH)
FILTERS = [
    OpenApiParameter("verdict", str, enum=RawDelivery.Verdict.values),
    OpenApiParameter("format", str, description="The slug of a format, such as `generic`."),
    OpenApiParameter("key", str, description="The prefix of a key."),
]
_FOUND = RawDelivery.objects.select_related("key")
_NONE = "There is no such delivery."


class DeliverySerializer(serializers.ModelSerializer[RawDelivery]):
    """What came in and what became of it, without the body."""

    key = serializers.CharField(source="key.prefix", help_text="The key's prefix.")
    alert_ids = serializers.ListField(
        child=serializers.IntegerField(), help_text="The first of its alerts."
    )
    change_ids = serializers.ListField(
        child=serializers.IntegerField(), help_text="The first of its changes."
    )

    class Meta:
        model = RawDelivery
        fields = [
            "id", "key", "format", "received_at", "verdict", "error", "events", "alert_ids",
            "change_ids", "size", "truncated", "path", "query", "content_type", "address",
            "replayed_at",
        ]  # fmt: skip
        read_only_fields = fields


class DeliveryDetailSerializer(DeliverySerializer):
    """With the body, redacted, and the headers that its format looks at."""

    headers = serializers.DictField(child=serializers.CharField(allow_blank=True))

    class Meta(DeliverySerializer.Meta):
        fields = [*DeliverySerializer.Meta.fields, "headers", "body"]
        read_only_fields = fields


class _OneAnswer(DefaultContentNegotiation):
    """`?format=` asks for deliveries of a format here, not for an answer in one."""

    def filter_renderers(self, renderers: Any, format: str) -> Any:  # noqa: A002 - DRF's name
        """All there are."""
        return renderers


@extend_schema(
    summary="What came in, newest first",
    parameters=FILTERS,
    responses=DeliverySerializer(many=True),
)
class DeliveryList(generics.ListAPIView[RawDelivery]):
    """Requests as they came in."""

    permission_classes = [scoped("config:read")]
    content_negotiation_class = _OneAnswer
    serializer_class = DeliverySerializer
    pagination_class = KeysetPagination
    queryset = _FOUND.defer("body", "headers")

    def get_queryset(self) -> QuerySet[RawDelivery]:
        """What is asked for."""
        found = super().get_queryset()
        given = self.request.query_params
        if verdict := given.get("verdict", ""):
            found = found.filter(verdict=_known("verdict", verdict, RawDelivery.Verdict.values))
        if slug := given.get("format", ""):
            found = found.filter(format=_known("format", slug, known_formats()))
        if prefix := given.get("key", ""):
            found = found.filter(key__prefix=prefix.replace("\0", ""))
        return found


def _known(name: str, value: str, known: Collection[str]) -> str:
    if value not in known:
        message = f"{value[:50]!r} is none of {', '.join(known)}"
        raise PayloadError(f"{name}: {message}", [FieldError(name, message)])
    return value


def _find(text: str) -> RawDelivery:
    row = _FOUND.filter(pk=parse_number(text, _NONE)).first()
    if row is None:
        raise NotFound(_NONE)
    return row


class DeliveryDetail(APIView):
    """One delivery."""

    permission_classes = [scoped("config:read")]

    @extend_schema(
        operation_id="deliveries_retrieve",
        summary="One delivery with its body",
        parameters=[DELIVERY_ID],
        responses=DeliveryDetailSerializer,
    )
    def get(self, request: Request, delivery_id: str) -> Response:
        """All that is kept of it."""
        return Response(DeliveryDetailSerializer(_find(delivery_id)).data)


class ReplayDelivery(APIView):
    """Another try."""

    permission_classes = [scoped("alerts:respond")]

    @extend_schema(
        operation_id="deliveries_replay",
        summary="Take in once more what failed",
        parameters=[DELIVERY_ID],
        request=None,
        responses=DeliverySerializer,
    )
    def post(self, request: Request, delivery_id: str) -> Response:
        """As if it had come now; the answer says what came of it."""
        delivery = _find(delivery_id)
        if not request_can_respond(request, delivery.key.team_id):
            raise ForbiddenError("This delivery is another team's.")
        row = replay_delivery(delivery, actor=actor_of(request), now=utc_now())
        return Response(DeliverySerializer(row).data)

"""Subscriptions and inhibitions through the API."""

from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from alerts.api.fields import NameField, channel_field, parse_number, team_field
from alerts.change import delete_subscription, save_subscription
from alerts.models import Inhibition, Subscription
from alerts.normalise import SEVERITIES
from opsportal.accounts.actors import actor_of
from opsportal.accounts.models import ApiKey, User
from opsportal.accounts.permissions import ScopedByMethod, can_administer, is_administrator, scoped
from opsportal.lib.api import KeysetPagination
from opsportal.lib.errors import ForbiddenError
from opsportal.lib.times import utc_now

ID = OpenApiParameter("subscription_id", OpenApiTypes.INT64, OpenApiParameter.PATH)


class SubscriptionBody(serializers.Serializer[Any]):
    """What is given of a subscription; without `user` and `team` it is one's own."""

    name = serializers.CharField(required=False, allow_blank=True, max_length=100)
    user = NameField(
        slug_field="username",
        queryset=User.objects.filter(is_active=True),
        allow_null=True,
        required=False,
    )
    team = team_field()
    match = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    min_severity = serializers.ChoiceField(list(SEVERITIES), required=False)
    channel = channel_field()
    digest = serializers.CharField(required=False, allow_blank=True, max_length=40)
    quiet_hours = serializers.CharField(required=False, allow_blank=True, max_length=500)
    zone = serializers.CharField(required=False, max_length=64)
    tell_resolved = serializers.BooleanField(required=False)
    enabled = serializers.BooleanField(required=False)


class SubscriptionSerializer(serializers.ModelSerializer[Subscription]):
    """A subscription."""

    user = serializers.CharField(source="user.username", default=None, allow_null=True)
    team = serializers.CharField(source="team.name", default=None, allow_null=True)
    channel = serializers.CharField(source="channel.name", default=None, allow_null=True)

    class Meta:
        model = Subscription
        fields = [
            "id", "name", "user", "team", "match", "min_severity", "channel", "digest",
            "quiet_hours", "zone", "tell_resolved", "enabled", "version",
        ]  # fmt: skip
        read_only_fields = fields


class InhibitionSerializer(serializers.ModelSerializer[Inhibition]):
    """An inhibition."""

    team = serializers.CharField(source="team.name", default=None, allow_null=True)
    equal = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Inhibition
        fields = [
            "id", "name", "source_match", "target_match", "equal", "enabled", "team", "version",
        ]  # fmt: skip
        read_only_fields = fields


def may_edit(request: Request, subscription: Subscription) -> bool:
    """Whether it is one's own, one's team's, or one may edit all."""
    if isinstance(request.auth, ApiKey):
        # Persons' own are out of a team key's reach.
        return request.auth.team_id is None or subscription.team_id == request.auth.team_id
    if is_administrator(request.user):
        return True
    if subscription.user_id is not None:
        return subscription.user_id == request.user.pk
    return can_administer(request.user, subscription.team_id)


def _require(request: Request, subscription: Subscription) -> None:
    if not may_edit(request, subscription):
        raise ForbiddenError("This subscription would be another person's or team's.")


def _rows() -> QuerySet[Subscription]:
    return Subscription.objects.select_related("user", "team", "channel").defer("channel__settings")


class _ByMethod(ScopedByMethod, APIView):
    read_scope, write_scope = "config:read", "subscriptions:write"


class SubscriptionList(_ByMethod, generics.ListAPIView[Subscription]):
    """The subscriptions; and, by POST, a new one."""

    serializer_class = SubscriptionSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[Subscription]:
        """All, or one person's or team's."""
        params, condition = self.request.query_params, Q()
        for name, column in (("user", "user__username"), ("team", "team__name")):
            if text := params.get(name, "").replace("\0", "?"):
                condition &= Q(**{column: text})
        return _rows().filter(condition)

    @extend_schema(
        operation_id="subscriptions_list",
        summary="The subscriptions of people and teams",
        parameters=[OpenApiParameter("user", str), OpenApiParameter("team", str)],
        responses=SubscriptionSerializer(many=True),
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The list."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="subscriptions_create",
        summary="Subscribe oneself, or a team",
        request=SubscriptionBody,
        responses={201: SubscriptionSerializer},
    )
    def post(self, request: Request) -> Response:
        """Make one; without a person or team it is that of whoever asks."""
        body = SubscriptionBody(data=request.data)
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        if not given.get("user") and not given.get("team"):
            own = request.auth.team if isinstance(request.auth, ApiKey) else None
            given |= {"team": own} if own else {"user_id": request.user.pk}
        subscription = Subscription(**given)
        _require(request, subscription)
        save_subscription(subscription, actor=actor_of(request), now=utc_now())
        return Response(SubscriptionSerializer(subscription).data, status=201)


class SubscriptionDetail(_ByMethod):
    """One subscription."""

    @extend_schema(
        operation_id="subscription_retrieve",
        summary="One subscription",
        parameters=[ID],
        responses=SubscriptionSerializer,
    )
    def get(self, request: Request, subscription_id: str) -> Response:
        """It."""
        return Response(SubscriptionSerializer(_find(subscription_id)).data)

    @extend_schema(
        operation_id="subscription_change",
        summary="Change a subscription",
        parameters=[ID],
        request=SubscriptionBody,
        responses=SubscriptionSerializer,
    )
    def patch(self, request: Request, subscription_id: str) -> Response:
        """Change what is given."""
        subscription = _find(subscription_id)
        _require(request, subscription)
        body = SubscriptionBody(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        for name, value in body.validated_data.items():
            setattr(subscription, name, value)
        _require(request, subscription)
        save_subscription(subscription, actor=actor_of(request), now=utc_now())
        return Response(SubscriptionSerializer(subscription).data)

    @extend_schema(
        operation_id="subscription_delete",
        summary="Remove a subscription",
        parameters=[ID],
        responses={204: None},
    )
    def delete(self, request: Request, subscription_id: str) -> Response:
        """Remove it."""
        subscription = _find(subscription_id)
        _require(request, subscription)
        delete_subscription(subscription, actor=actor_of(request), now=utc_now())
        return Response(status=204)


def _find(text: str) -> Subscription:
    """The subscription of an id. Raises NotFound."""
    number = parse_number(text, "There is no such subscription.")
    return generics.get_object_or_404(_rows(), pk=number)


@extend_schema(summary="The inhibitions", responses=InhibitionSerializer(many=True))
class InhibitionList(generics.ListAPIView[Inhibition]):
    """The inhibitions, newest first."""

    permission_classes = [scoped("config:read")]
    serializer_class = InhibitionSerializer
    pagination_class = KeysetPagination
    queryset = Inhibition.objects.select_related("team")

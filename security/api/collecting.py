"""How collecting is doing, for machines."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from opsportal.accounts.actors import actor_of
from opsportal.accounts.permissions import scoped
from opsportal.lib.api import KeysetPagination
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.times import utc_now
from security.collect.hurry import collect_now
from security.models import CloudAccount, Collection, CollectorError, Outcome, Scope
from security.watch import watched_scopes

MOST_SCOPES = 2000
_PLACE = [
    OpenApiParameter("account", str, description="Twelve digits."),
    OpenApiParameter("region", str, description="`global`: of technologies without regions."),
    OpenApiParameter("technology", str, description="Such as `aws.ec2.securitygroup`."),
]
_OUTCOME = OpenApiParameter("outcome", str, enum=Outcome.values)


class ScopeSerializer(serializers.ModelSerializer[Scope]):
    """One technology in one region of one account."""

    account = serializers.CharField(source="account.account_id")
    account_name = serializers.CharField(source="account.name")
    held = serializers.DictField(help_text="A mass disappearance: since, absent, of.")

    class Meta:
        model = Scope
        fields = [
            "id", "account", "account_name", "region", "technology", "enabled", "outcome",
            "started_at", "finished_at", "complete_at", "next_at", "listed", "failures", "errors",
            "error_code", "error_message", "request_id", "held",
        ]  # fmt: skip


class CollectionSerializer(serializers.ModelSerializer[Collection]):
    """One asking of a scope."""

    scope = serializers.IntegerField(source="scope_id")
    targets = serializers.ListField(
        child=serializers.CharField(), help_text="Ids of resources; empty: all of it."
    )

    class Meta:
        model = Collection
        fields = [
            "id", "scope", "reason", "state", "targets", "asked_at", "started_at", "finished_at",
            "outcome", "listed", "created", "changed", "missing", "http_calls", "throttles",
            "duration_ms", "error_code", "error_message", "request_id",
        ]  # fmt: skip


class CollectorErrorSerializer(serializers.ModelSerializer[CollectorError]):
    """Something that could not be read."""

    scope = serializers.IntegerField(source="scope_id")
    account = serializers.CharField(source="scope.account.account_id")
    region = serializers.CharField(source="scope.region")
    technology = serializers.CharField(source="scope.technology")

    class Meta:
        model = CollectorError
        fields = [
            "id", "scope", "account", "region", "technology", "resource_id", "facet", "resources",
            "outcome", "code", "message", "action", "count", "first_at", "last_at", "cleared_at",
        ]  # fmt: skip


class CollectBody(serializers.Serializer[Any]):
    """What to collect: an account, or a part of it."""

    account = serializers.CharField(max_length=12)
    region = serializers.CharField(required=False, max_length=30, allow_blank=True)
    technology = serializers.CharField(required=False, max_length=60)


class CollectAnswer(serializers.Serializer[Any]):
    """How many scopes that are."""

    scopes = serializers.IntegerField()


class ScopeList(generics.ListAPIView[Scope]):
    """Scopes."""

    permission_classes = [scoped("security:read")]
    serializer_class = ScopeSerializer
    pagination_class = KeysetPagination
    keyset = ("-id",)
    queryset = Scope.objects.select_related("account")

    def get_queryset(self) -> QuerySet[Scope]:
        """Those asked for."""
        rows = _within(super().get_queryset(), self.request, "")
        return _of_outcome(rows, self.request)

    @extend_schema(
        operation_id="cloud_scopes", summary="How scopes are doing", parameters=[*_PLACE, _OUTCOME]
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of them."""
        return super().get(request, *args, **kwargs)


class CollectionList(generics.ListAPIView[Collection]):
    """Collections."""

    permission_classes = [scoped("security:read")]
    serializer_class = CollectionSerializer
    pagination_class = KeysetPagination
    keyset = ("-id",)
    queryset = Collection.objects.all()

    def get_queryset(self) -> QuerySet[Collection]:
        """Those asked for."""
        rows = _of_outcome(super().get_queryset(), self.request)
        text = self.request.query_params.get("scope", "")
        if not text:
            return rows
        if not (text.isascii() and text.isdigit() and len(text) < 19):
            raise _refused("scope", "is no id of a scope")
        return rows.filter(scope_id=int(text))

    @extend_schema(
        operation_id="cloud_collections",
        summary="The log of collecting",
        parameters=[OpenApiParameter("scope", int), _OUTCOME],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of it, the newest first."""
        return super().get(request, *args, **kwargs)


class CollectorErrorList(generics.ListAPIView[CollectorError]):
    """Errors."""

    permission_classes = [scoped("security:read")]
    serializer_class = CollectorErrorSerializer
    pagination_class = KeysetPagination
    keyset = ("-id",)
    queryset = CollectorError.objects.select_related("scope__account")

    def get_queryset(self) -> QuerySet[CollectorError]:
        """Those asked for."""
        rows = _of_outcome(_within(super().get_queryset(), self.request, "scope__"), self.request)
        cleared = self.request.query_params.get("cleared", "false")
        if cleared not in ("true", "false"):
            raise _refused("cleared", "must be true or false")
        return rows if cleared == "true" else rows.filter(cleared_at=None)

    @extend_schema(
        operation_id="cloud_collector_errors",
        summary="What cannot be read, and which permission to grant",
        parameters=[
            *_PLACE,
            _OUTCOME,
            OpenApiParameter("cleared", bool, description="With those that are over."),
        ],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of them."""
        return super().get(request, *args, **kwargs)


class Collect(APIView):
    """Collect now."""

    permission_classes = [scoped("security:write")]

    @extend_schema(
        operation_id="cloud_collect",
        summary="Collect an account, or a part of it, within seconds",
        request=CollectBody,
        responses={202: CollectAnswer},
    )
    def post(self, request: Request) -> Response:
        """What waits already is moved up."""
        body = CollectBody(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        account = CloudAccount.objects.filter(account_id=asked["account"]).first()
        if account is None:
            raise _refused("account", "is not known")
        scopes = watched_scopes().filter(account=account)
        if "region" in asked:
            scopes = scopes.filter(region="" if asked["region"] == "global" else asked["region"])
        if "technology" in asked:
            scopes = scopes.filter(technology=asked["technology"])
        found = list(scopes.order_by("pk")[:MOST_SCOPES])
        number = collect_now(account, found, actor=actor_of(request), now=utc_now())
        return Response({"scopes": number}, status=202)


def _within(rows: QuerySet[Any], request: Request, prefix: str) -> QuerySet[Any]:
    query = request.query_params
    for name, column in (
        ("account", "account__account_id"), ("region", "region"), ("technology", "technology"),
    ):  # fmt: skip
        value = query.get(name)
        if value is None:
            continue
        if "\0" in value:
            raise _refused(name, "holds a NUL")
        wanted = "" if name == "region" and value == "global" else value
        rows = rows.filter(**{prefix + column: wanted})
    return rows


def _of_outcome(rows: QuerySet[Any], request: Request) -> QuerySet[Any]:
    outcome = request.query_params.get("outcome")
    if outcome is None:
        return rows
    if outcome not in Outcome.values:
        raise _refused("outcome", f"must be one of {', '.join(Outcome.values)}")
    return rows.filter(outcome=outcome)


def _refused(field: str, message: str) -> PayloadError:
    return PayloadError(f"{field}: {message}", [FieldError(field, message)])

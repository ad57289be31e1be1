"""Calls, causes and what no event announced, for machines."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from opsportal.accounts.permissions import scoped
from opsportal.lib.api import KeysetPagination
from opsportal.lib.times import utc_now
from security.activity.search import search_activities
from security.cause import causes_of
from security.cause.reconcile import Reconciliation, calls_without_effect, reconcile
from security.models import ActivityTarget, ApiActivity, ConfigRevision

FILTERS = [
    OpenApiParameter("account", str, description="Twelve digits."),
    OpenApiParameter("actor", str),
    OpenApiParameter("service", str, description="Such as `ec2`."),
    OpenApiParameter("action", str, description="Such as `AuthorizeSecurityGroupIngress`."),
    OpenApiParameter("region", str),
    OpenApiParameter("tool", str, description="Such as `terraform` or `console`."),
    OpenApiParameter("via", str, enum=ApiActivity.Via.values),
    OpenApiParameter("resource", str, description="The id of a resource that it names."),
    OpenApiParameter("technology", str, description="Such as `aws.ec2.securitygroup`."),
    OpenApiParameter("error", str, description="A code, or `any`, or `none`."),
    OpenApiParameter("since", str, description="RFC 3339, or `24h`."),
    OpenApiParameter("until", str, description="RFC 3339, or `24h`."),
]
REVISION_ID = OpenApiParameter("revision_id", OpenApiTypes.INT64, OpenApiParameter.PATH)


class TargetSerializer(serializers.ModelSerializer[ActivityTarget]):
    """A resource that a call names."""

    class Meta:
        model = ActivityTarget
        fields = ["technology", "resource_id"]


class ActivitySerializer(serializers.ModelSerializer[ApiActivity]):
    """A call."""

    account = serializers.CharField(source="account.account_id")
    account_name = serializers.CharField(source="account.name")
    by_aws = serializers.BooleanField(help_text="AWS itself called.")

    class Meta:
        model = ApiActivity
        fields = [
            "id", "event_id", "account", "account_name", "region", "at", "received_at", "service",
            "action", "actor", "principal_type", "principal_arn", "session_name",
            "source_address", "user_agent", "tool", "mfa", "by_aws", "via", "error_code",
            "request", "change_id",
        ]  # fmt: skip


class ActivityRowSerializer(ActivitySerializer):
    """A call with what it names."""

    resources = TargetSerializer(source="activitytarget_set", many=True)

    class Meta(ActivitySerializer.Meta):
        fields = [*ActivitySerializer.Meta.fields, "resources"]


class DeploymentSerializer(serializers.Serializer[Any]):
    """A deployment on the timeline."""

    event_id = serializers.IntegerField()
    title = serializers.CharField()
    url = serializers.CharField()


class CauseSerializer(serializers.Serializer[Any]):
    """A call that brought a revision about."""

    confidence = serializers.ChoiceField(choices=["exact", "likely", "window"])
    facts = serializers.ListField(
        child=serializers.CharField(), help_text="Such as `no deploy`, `console`, `out of hours`."
    )
    deployment = DeploymentSerializer(allow_null=True)
    activity = ActivitySerializer()


class BalanceSerializer(serializers.Serializer[Reconciliation]):
    """An account's changes of seven days against its calls."""

    account = serializers.CharField(source="account.account_id")
    account_name = serializers.CharField(source="account.name")
    trail = serializers.ChoiceField(choices=["heard", "silent", "none"])
    trail_heard_at = serializers.DateTimeField(source="account.trail_heard_at", allow_null=True)
    announced = serializers.IntegerField(help_text="A call names the resource.")
    guessed = serializers.IntegerField(help_text="A call is likely.")
    pending = serializers.IntegerField(help_text="A call may still come, or nobody would hear.")
    unannounced = serializers.IntegerField(help_text="No event announced it.")
    coverage = serializers.IntegerField(allow_null=True, help_text="Percent.")
    calls = serializers.IntegerField(help_text="That name something watched and went well.")
    without_effect = serializers.IntegerField(help_text="Of these: no change was seen.")


class QuietCallSerializer(serializers.Serializer[Any]):
    """Calls of one name that changed nothing that was seen."""

    account_name = serializers.CharField()
    service = serializers.CharField()
    action = serializers.CharField()
    number = serializers.IntegerField()


class ReconciliationSerializer(serializers.Serializer[Any]):
    """What was announced, and what was not."""

    accounts = BalanceSerializer(many=True)
    calls_without_effect = QuietCallSerializer(many=True)


class ActivityList(generics.ListAPIView[ApiActivity]):
    """Calls."""

    permission_classes = [scoped("security:read")]
    serializer_class = ActivityRowSerializer
    pagination_class = KeysetPagination
    keyset = ("-at", "-id")

    def get_queryset(self) -> QuerySet[ApiActivity]:
        """Those that are asked for."""
        targets = Prefetch("activitytarget_set", ActivityTarget.objects.exclude(resource_id=""))
        found = search_activities(self.request.query_params.dict(), now=utc_now())
        return found.prefetch_related(targets)

    @extend_schema(
        operation_id="cloud_activity", summary="Calls of a cloud's API", parameters=FILTERS
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of them, the newest first."""
        return super().get(request, *args, **kwargs)


class RevisionCauses(APIView):
    """Who brought a revision about."""

    permission_classes = [scoped("security:read")]

    @extend_schema(
        operation_id="cloud_revision_causes",
        summary="The calls that brought a revision about",
        parameters=[REVISION_ID],
        responses=CauseSerializer(many=True),
    )
    def get(self, request: Request, revision_id: str) -> Response:
        """The surest first; none: nobody knows, or no event announced it."""
        known = revision_id.isascii() and revision_id.isdigit() and len(revision_id) < 19
        if not known or not ConfigRevision.objects.filter(pk=int(revision_id)).exists():
            raise NotFound("There is no such revision.")
        causes = causes_of([int(revision_id)]).get(int(revision_id), [])
        return Response(CauseSerializer(causes, many=True).data)


class Unannounced(APIView):
    """Changes and calls held against each other."""

    permission_classes = [scoped("security:read")]

    @extend_schema(
        operation_id="cloud_unannounced",
        summary="By account, how many changes of seven days a call announced",
        responses=ReconciliationSerializer,
    )
    def get(self, request: Request) -> Response:
        """As the page shows it; the changes themselves are revisions with attribution `none`."""
        now = utc_now()
        found = {
            "accounts": reconcile(now=now),
            "calls_without_effect": calls_without_effect(now=now),
        }
        return Response(ReconciliationSerializer(found).data)

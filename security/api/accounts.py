"""Accounts for machines."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from opsportal.accounts.permissions import scoped
from opsportal.lib.api import KeysetPagination
from opsportal.lib.times import utc_now
from security.account import ask_for_test
from security.grant import read_only_policy
from security.models import CloudAccount


class CloudAccountSerializer(serializers.ModelSerializer[CloudAccount]):
    """An account; nothing secret."""

    team = serializers.CharField(source="team.name", default=None, allow_null=True)
    test = serializers.JSONField(help_text="The last test: at, ok, identity, problems.")

    class Meta:
        model = CloudAccount
        fields = [
            "id", "account_id", "name", "kind", "partition", "role_arn", "regions", "without",
            "enabled", "frozen", "org_id", "ou_path", "team", "note", "created_at", "test",
            "test_due_at",
        ]  # fmt: skip
        read_only_fields = fields


class PolicySerializer(serializers.Serializer[Any]):
    """A policy document of IAM."""

    Version = serializers.CharField()
    Statement = serializers.ListField(child=serializers.DictField())


class CloudAccountList(generics.ListAPIView[CloudAccount]):
    """Accounts."""

    permission_classes = [scoped("security:read")]
    serializer_class = CloudAccountSerializer
    pagination_class = KeysetPagination
    keyset = ("-id",)
    queryset = CloudAccount.objects.select_related("team")

    @extend_schema(operation_id="cloud_accounts", summary="Accounts of clouds that are known")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of them, the newest first."""
        return super().get(request, *args, **kwargs)


class CloudAccountDetail(APIView):
    """One account."""

    permission_classes = [scoped("security:read")]

    @extend_schema(
        operation_id="cloud_account",
        summary="An account by its twelve digits",
        responses=CloudAccountSerializer,
    )
    def get(self, request: Request, account_id: str) -> Response:
        """With its last test."""
        return Response(CloudAccountSerializer(_account(account_id)).data)


class CloudAccountPolicy(APIView):
    """What it must allow."""

    permission_classes = [scoped("security:read")]

    @extend_schema(
        operation_id="cloud_account_policy",
        summary="The read-only IAM policy that its technologies need",
        responses=PolicySerializer,
    )
    def get(self, request: Request, account_id: str) -> Response:
        """As it is to be pasted."""
        return Response(read_only_policy(_account(account_id)))


class CloudAccountTest(APIView):
    """Its test."""

    permission_classes = [scoped("security:write")]

    @extend_schema(
        operation_id="cloud_account_test",
        summary="Have its access tested within seconds",
        request=None,
        responses={202: CloudAccountSerializer},
    )
    def post(self, request: Request, account_id: str) -> Response:
        """Its `test` tells the result once `test_due_at` is null again."""
        account = _account(account_id)
        ask_for_test(account, now=utc_now())
        return Response(CloudAccountSerializer(account).data, status=202)


def _account(account_id: str) -> CloudAccount:
    return get_object_or_404(CloudAccount.objects.select_related("team"), account_id=account_id)

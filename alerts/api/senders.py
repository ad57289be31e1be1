"""Senders: who was heard, how much, and who fell silent."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from alerts.models import Sender
from alerts.senders import SenderFigures, sender_figures
from opsportal.accounts.permissions import scoped
from opsportal.lib.api import KeysetPagination
from opsportal.lib.times import utc_now


class SenderSerializer(serializers.ModelSerializer[Sender]):
    """A key at the doors of a format; figures are exact to ten minutes."""

    key = serializers.CharField(source="key.prefix", help_text="The key's prefix.")
    name = serializers.CharField(source="key.name", help_text="The key's name.")
    team = serializers.CharField(source="key.team.name", default=None, allow_null=True)
    requests_last_hour = serializers.SerializerMethodField()
    requests_last_day = serializers.SerializerMethodField()
    failures_last_day = serializers.SerializerMethodField()
    silent = serializers.SerializerMethodField(help_text="Heard regularly, and then no more.")

    class Meta:
        model = Sender
        fields = [
            "key", "name", "team", "format", "first_seen_at", "last_seen_at", "last_failed_at",
            "last_error", "address", "agent", "requests_last_hour", "requests_last_day",
            "failures_last_day", "silent",
        ]  # fmt: skip
        read_only_fields = fields

    def _figures(self, sender: Sender) -> SenderFigures:
        found: SenderFigures = self.context["figures"][sender.pk]
        return found

    def get_requests_last_hour(self, sender: Sender) -> int:
        """Of the last hour."""
        return self._figures(sender).rate

    def get_requests_last_day(self, sender: Sender) -> int:
        """Of the last 24 hours."""
        return sum(self._figures(sender).requests)

    def get_failures_last_day(self, sender: Sender) -> int:
        """Failed requests of the last 24 hours."""
        return self._figures(sender).failed

    def get_silent(self, sender: Sender) -> bool:
        """Whether it fell silent."""
        return self._figures(sender).silent


class SenderList(generics.ListAPIView[Sender]):
    """Who was heard at which door."""

    permission_classes = [scoped("config:read")]
    serializer_class = SenderSerializer
    pagination_class = KeysetPagination
    keyset = ("-last_seen_at", "-id")
    queryset = Sender.objects.select_related("key__team")

    @extend_schema(summary="The senders, the last heard first")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of them."""
        rows = self.paginate_queryset(self.get_queryset())
        context = {"figures": sender_figures(rows or [], now=utc_now())}
        answer = SenderSerializer(rows, many=True, context=context)
        return self.get_paginated_response(answer.data)

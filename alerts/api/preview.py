"""What a rule would have done, asked by machines; nothing is stored."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from alerts.change import check_rule
from alerts.policy import rule_policy
from alerts.preview import preview_rule
from alerts.rule_entry import read_rule
from opsportal.accounts.permissions import scoped
from opsportal.lib.confignode import Node
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.times import utc_now

LONGEST_DAYS = 30


class ActionBody(serializers.Serializer[Any]):
    """One of `notify`, `suppress`, `set`, `page`, `remediate`; this one also takes `with`."""

    notify = serializers.CharField(required=False)
    suppress = serializers.CharField(required=False)
    set = serializers.DictField(child=serializers.CharField(), required=False)
    page = serializers.CharField(required=False)
    remediate = serializers.CharField(required=False)
    dry_run = serializers.BooleanField(required=False)
    approval = serializers.CharField(required=False)


class RuleBody(serializers.Serializer[Any]):
    """A rule as configuration files have it; of a rule that exists, what is to be different."""

    name = serializers.CharField()
    match = serializers.CharField(required=False)
    order = serializers.IntegerField(required=False)
    stop = serializers.BooleanField(required=False)
    enabled = serializers.BooleanField(required=False)
    team = serializers.CharField(required=False)
    active_times = serializers.CharField(required=False)
    group_by = serializers.ListField(child=serializers.CharField(), required=False)
    group_wait = serializers.CharField(required=False)
    group_interval = serializers.CharField(required=False)
    actions = ActionBody(many=True, required=False)


class ChannelCountSerializer(serializers.Serializer[Any]):
    """Alerts told to one channel, and the messages they make."""

    name = serializers.CharField()
    alerts_without = serializers.IntegerField()
    alerts_with = serializers.IntegerField()
    messages_without = serializers.IntegerField()
    messages_with = serializers.IntegerField()


class PreviewDaySerializer(serializers.Serializer[Any]):
    """One day in UTC."""

    day = serializers.DateField()
    matched = serializers.IntegerField()
    messages_without = serializers.IntegerField()
    messages_with = serializers.IntegerField()


class RemediedSerializer(serializers.Serializer[Any]):
    """What would have been done, to what."""

    plugin = serializers.CharField()
    dry_run = serializers.BooleanField()
    approval = serializers.CharField()
    alerts = serializers.IntegerField()
    targets = serializers.ListField(child=serializers.CharField())


class PreviewSampleSerializer(serializers.Serializer[Any]):
    """One transition that the draft matched, or whose telling it changes."""

    alert = serializers.IntegerField()
    name = serializers.CharField()
    severity = serializers.CharField()
    service = serializers.CharField(allow_blank=True)
    kind = serializers.CharField()
    at = serializers.DateTimeField()
    newly_told = serializers.ListField(child=serializers.CharField())
    no_longer_told = serializers.ListField(child=serializers.CharField())
    suppressed = serializers.CharField(allow_blank=True)
    does = serializers.ListField(child=serializers.CharField())


class RulePreviewSerializer(serializers.Serializer[Any]):
    """What the draft would have done; `bounded`: only the newest transitions were looked at."""

    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    transitions = serializers.IntegerField()
    bounded = serializers.BooleanField()
    matched_alerts = serializers.IntegerField()
    matched_transitions = serializers.IntegerField()
    suppressed_alerts = serializers.IntegerField()
    newly_told_alerts = serializers.IntegerField()
    no_longer_told_alerts = serializers.IntegerField()
    messages_without = serializers.IntegerField()
    messages_with = serializers.IntegerField()
    channels = ChannelCountSerializer(many=True)
    paged = serializers.DictField(child=serializers.IntegerField())
    remedied = RemediedSerializer(many=True)
    days = PreviewDaySerializer(many=True)
    samples = PreviewSampleSerializer(many=True)


class RulePreview(APIView):
    """What a rule would have done with the alerts of the last days, by the policy as it is now."""

    permission_classes = [scoped("config:read")]

    @extend_schema(
        summary="Preview a rule on the alerts of the last days",
        request=RuleBody,
        parameters=[OpenApiParameter("days", int, description="1 to 30; 7 if not given.")],
        responses=RulePreviewSerializer,
    )
    def post(self, request: Request) -> Response:
        """Try it out; nothing is stored."""
        days = _days(request.query_params.get("days", "7"))
        draft = read_rule(Node(request.data))
        rule, actions = draft.rule, draft.actions
        if actions is None:
            actions = list(rule.actions.select_related("channel", "team")) if rule.pk else []
        try:
            check_rule(rule, actions)
        except PayloadError as error:
            raise draft.located(error) from error
        now = utc_now()
        state = rule_policy(rule, actions)
        found = preview_rule(state, rule.pk or 0, since=now - timedelta(days=days), now=now)
        counted = {
            "paged": dict(found.paged),
            "messages_without": found.messages_without,
            "messages_with": found.messages_with,
        }
        return Response(RulePreviewSerializer(asdict(found) | counted).data)


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 3 and 1 <= int(text) <= LONGEST_DAYS):
        message = f"a whole number from 1 to {LONGEST_DAYS}"
        raise PayloadError(f"days: {message}", [FieldError("days", message)])
    return int(text)

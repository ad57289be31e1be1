"""The rules and channels, for reading; `applyconfig` and the admin write them."""

from django.db.models import Prefetch
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers

from alerts.api.fields import DurationField
from alerts.api.serializers import ChannelSerializer
from alerts.models import Channel, Rule, RuleAction
from opsportal.accounts.permissions import scoped
from opsportal.lib.api import KeysetPagination


class RuleActionSerializer(serializers.ModelSerializer[RuleAction]):
    """One deed of a rule."""

    channel = serializers.CharField(source="channel.name", default=None, allow_null=True)
    team = serializers.CharField(
        source="team.name", default=None, allow_null=True, help_text="Of a page."
    )
    parameters = serializers.DictField(help_text="Of a remediate: what the plug-in is given.")
    approval = serializers.ChoiceField(RuleAction.Approval.choices)
    kind = serializers.ChoiceField(RuleAction.Kind.choices)
    field = serializers.ChoiceField(RuleAction.Field.choices, allow_blank=True)

    class Meta:
        model = RuleAction
        fields = [
            "kind", "channel", "team", "field", "value", "parameters", "dry_run", "approval",
        ]  # fmt: skip
        read_only_fields = fields


class RuleSerializer(serializers.ModelSerializer[Rule]):
    """A rule with its actions, in their order."""

    team = serializers.CharField(source="team.name", default=None, allow_null=True)
    group_by = serializers.ListField(child=serializers.CharField())
    group_wait = DurationField(help_text="Seconds.")
    group_interval = DurationField(help_text="Seconds.")
    actions = RuleActionSerializer(many=True)

    class Meta:
        model = Rule
        fields = [
            "id", "name", "match", "order", "stop", "enabled", "team", "active_times", "group_by",
            "group_wait", "group_interval", "version", "actions",
        ]  # fmt: skip
        read_only_fields = fields


@extend_schema(summary="The rules, in their order", responses=RuleSerializer(many=True))
class RuleList(generics.ListAPIView[Rule]):
    """The rules; asked in the order of `order`, then `id`."""

    permission_classes = [scoped("config:read")]
    serializer_class = RuleSerializer
    pagination_class = KeysetPagination
    keyset = ("order", "id")
    queryset = Rule.objects.select_related("team").prefetch_related(
        Prefetch(
            "actions",
            RuleAction.objects.select_related("channel", "team").defer("channel__settings"),
        )
    )


@extend_schema(summary="The channels, without secrets", responses=ChannelSerializer(many=True))
class ChannelList(generics.ListAPIView[Channel]):
    """The channels, without what they keep secret."""

    permission_classes = [scoped("config:read")]
    serializer_class = ChannelSerializer
    pagination_class = KeysetPagination
    queryset = Channel.objects.select_related(
        "team", "user", "fallback", "template", "delivery_state"
    ).defer("settings", "fallback__settings")

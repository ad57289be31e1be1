"""Alerts as the API shows them. Read-only: what comes in is parsed by `bodies`."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from alerts.models import Alert, Channel, Decision, DeliveryAttempt, Notification, Transition
from alerts.normalise import alert_url
from opsportal.lib.outbox import OutboxRow


class LinkSerializer(serializers.Serializer[Any]):
    """A page worth opening."""

    href = serializers.CharField()
    text = serializers.CharField(required=False, allow_blank=True)


class AlertSerializer(serializers.ModelSerializer[Alert]):
    """One episode, as lists show it."""

    url = serializers.SerializerMethodField()
    team = serializers.CharField(source="team.name", default=None, allow_null=True)
    assignee = serializers.CharField(source="assignee.username", default=None, allow_null=True)
    labels = serializers.DictField(child=serializers.CharField(allow_blank=True))
    annotations = serializers.DictField(child=serializers.CharField(allow_blank=True))
    links = LinkSerializer(many=True)

    class Meta:
        model = Alert
        fields = [
            "id", "url", "dedup_key", "name", "status", "severity", "received_severity",
            "summary", "description", "source", "service", "resource", "environment", "region",
            "labels", "annotations", "links", "value", "runbook_url", "team", "assignee",
            "snoozed_until", "suppressed", "starts_at", "received_at", "last_received_at",
            "expires_at", "resolved_at", "repeat_count",
        ]  # fmt: skip
        read_only_fields = fields

    def get_url(self, alert: Alert) -> str:
        """The alert's page."""
        return alert_url(alert.pk)


class ReasonSerializer(serializers.Serializer[Any]):
    """What one rule had to say about a transition, or a note where something else decided."""

    rule = serializers.IntegerField(required=False)
    name = serializers.CharField(required=False)
    match = serializers.CharField(required=False)
    matched = serializers.BooleanField(required=False)
    failed = serializers.CharField(
        required=False, allow_null=True, help_text="The matcher that did not hold."
    )
    actions = serializers.ListField(child=serializers.CharField(), required=False)
    stopped = serializers.BooleanField(required=False)
    note = serializers.CharField(required=False)


class DecisionSerializer(serializers.ModelSerializer[Decision]):
    """How a transition was routed, and why; `outcome` is empty while that is still to come."""

    @extend_schema_field(ReasonSerializer(many=True))
    class ReasonsField(serializers.JSONField):
        """The reasons as they were stored."""

    reasons = ReasonsField()
    outcome = serializers.ChoiceField(Decision.Outcome.choices, allow_blank=True)

    class Meta:
        model = Decision
        fields = ["outcome", "reasons", "finished_at"]
        read_only_fields = fields


class TransitionSerializer(serializers.ModelSerializer[Transition]):
    """One change of an episode, or a note."""

    decision = serializers.SerializerMethodField()

    class Meta:
        model = Transition
        fields = ["id", "kind", "at", "before", "after", "note", "actor", "decision"]
        read_only_fields = fields

    @extend_schema_field(DecisionSerializer(allow_null=True))
    def get_decision(self, transition: Transition) -> Any:
        """The routing, where this kind of transition is routed."""
        decision = getattr(transition, "decision", None)
        return None if decision is None else DecisionSerializer(decision).data


class AttemptSerializer(serializers.ModelSerializer[DeliveryAttempt]):
    """One try to hand a notification over."""

    duration = serializers.SerializerMethodField(help_text="Seconds.")

    class Meta:
        model = DeliveryAttempt
        fields = ["number", "started_at", "duration", "succeeded", "answer"]
        read_only_fields = fields

    def get_duration(self, attempt: DeliveryAttempt) -> float:
        """Seconds from asking to the answer."""
        return attempt.duration.total_seconds()


class NotificationSerializer(serializers.ModelSerializer[Notification]):
    """One telling of one recipient, with every attempt at it."""

    channel = serializers.CharField(source="channel.name")
    kind = serializers.CharField(source="channel.kind")
    rule = serializers.CharField(source="rule.name", default=None, allow_null=True)
    state = serializers.ChoiceField(OutboxRow.State.choices)
    attempts = AttemptSerializer(many=True, source="delivery_attempts")

    class Meta:
        model = Notification
        fields = [
            "id", "channel", "kind", "rule", "about", "state", "created_at", "finished_at",
            "last_error", "attempts",
        ]  # fmt: skip
        read_only_fields = fields


class AlertDetailSerializer(AlertSerializer):
    """One episode with its story: the newest transitions and notifications, oldest first."""

    raw = serializers.CharField(help_text="What was received, capped, secrets redacted.")
    transitions = TransitionSerializer(many=True, source="story")
    notifications = NotificationSerializer(many=True, source="told")

    class Meta(AlertSerializer.Meta):
        fields = [*AlertSerializer.Meta.fields, "raw", "transitions", "notifications"]
        read_only_fields = fields


class ChannelSerializer(serializers.ModelSerializer[Channel]):
    """A channel without its secrets."""

    team = serializers.CharField(source="team.name", default=None, allow_null=True)
    user = serializers.CharField(source="user.username", default=None, allow_null=True)
    fallback = serializers.CharField(source="fallback.name", default=None, allow_null=True)
    template = serializers.CharField(source="template.name", default=None, allow_null=True)
    failing_since = serializers.DateTimeField(
        source="delivery_state.opened_at",
        default=None,
        allow_null=True,
        help_text="Since when only probes are sent, after failures in a row.",
    )

    class Meta:
        model = Channel
        fields = [
            "id", "name", "kind", "enabled", "team", "user", "fallback", "rate_limit", "template",
            "failing_since",
        ]  # fmt: skip
        read_only_fields = fields

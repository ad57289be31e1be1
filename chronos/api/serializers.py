"""Changes as the API shows them, and what it takes."""

from typing import Any

from rest_framework import serializers

from chronos.models import ChangeEvent
from chronos.normalise import change_url
from opsportal.lib.times import format_instant

_PLAIN = (
    "id", "kind", "action", "status", "title", "body", "service", "environment", "region",
    "version", "previous_version", "team", "actor", "actor_type", "actor_email", "source",
    "external_id", "subject", "severity", "artifact", "commit", "repository", "correlation_id",
    "causation_id", "scope", "late", "skewed", "reports", "tags", "labels", "links", "before",
    "after", "data",
)  # fmt: skip
_TIMES = ("started_at", "ended_at", "expected_end_at", "recorded_at", "updated_at")


def event_as_json(event: ChangeEvent) -> dict[str, Any]:
    """A change as every answer and export has it."""
    shown: dict[str, Any] = {"id": event.pk, "url": change_url(event.pk)}
    for name in _PLAIN:
        shown[name] = getattr(event, name)
    for name in _TIMES:
        instant = getattr(event, name)
        shown[name] = None if instant is None else format_instant(instant)
    return shown


class ChangeLinkSerializer(serializers.Serializer[Any]):
    """A page worth opening."""

    href = serializers.CharField()
    text = serializers.CharField(required=False, allow_blank=True)
    rel = serializers.CharField(required=False, allow_blank=True)


class ChangeSerializer(serializers.ModelSerializer[ChangeEvent]):
    """One change: whatever was reported of it, folded."""

    url = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())
    labels = serializers.DictField(child=serializers.CharField(allow_blank=True))
    links = ChangeLinkSerializer(many=True)
    data = serializers.DictField()  # type: ignore[assignment]

    class Meta:
        model = ChangeEvent
        fields = ["url", *_PLAIN, *_TIMES]
        read_only_fields = fields

    def to_representation(self, instance: ChangeEvent) -> dict[str, Any]:
        """The fields above, without a serializer's labour for each of thousands."""
        return event_as_json(instance)


class ChangePageSerializer(serializers.Serializer[Any]):
    """A page of changes, newest start first."""

    results = ChangeSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    since = serializers.DateTimeField(
        allow_null=True, help_text="Since when was looked; null: the beginning."
    )
    until = serializers.DateTimeField(allow_null=True)
    note = serializers.CharField(
        allow_blank=True, help_text="What was narrowed although nobody asked; else empty."
    )


class NewsSerializer(serializers.Serializer[Any]):
    """What is new, in the order in which the portal heard of it."""

    results = ChangeSerializer(many=True)
    next = serializers.URLField(help_text="Ask here next.")
    wait = serializers.FloatField(help_text="Seconds, before asking again is worth it.")


class ChangeReceiptSerializer(serializers.Serializer[Any]):
    """What became of one reported change."""

    id = serializers.IntegerField()
    outcome = serializers.ChoiceField(["recorded", "updated", "repeated"])
    external_id = serializers.CharField(allow_blank=True)
    url = serializers.URLField()
    note = serializers.CharField(
        required=False, help_text="What was not taken as it was sent, where there is such."
    )

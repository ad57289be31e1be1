"""How the API shows schedules, shifts and escalations, and what it takes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from alerts.change.oncall import layer_drafts
from alerts.models import Escalation, Override, Schedule
from alerts.oncall.board import Post
from alerts.oncall.plan import Shift
from alerts.oncall.words import write_rotation, write_wall
from opsportal.accounts.models import User
from opsportal.lib.api import parse_time
from opsportal.lib.errors import PayloadError


class PersonSerializer(serializers.Serializer[Any]):
    """Somebody who is on call."""

    username = serializers.CharField()
    name = serializers.CharField()


class NextSerializer(serializers.Serializer[Any]):
    """Who comes next, and when."""

    user = PersonSerializer()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()


class PostSerializer(serializers.Serializer[Any]):
    """A schedule: who is on call now, until when (null: for good), and who comes next."""

    id = serializers.IntegerField()
    schedule = serializers.CharField()
    team = serializers.CharField(allow_null=True)
    now = PersonSerializer(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)
    next = NextSerializer(allow_null=True)


class ScheduleSerializer(serializers.ModelSerializer[Schedule]):
    """A schedule, as lists show it."""

    team = serializers.CharField(source="team.name", default=None, allow_null=True)

    class Meta:
        model = Schedule
        fields = [
            "id", "name", "team", "zone", "description", "ical_imported_at",
            "ical_failing_since", "ical_error", "ical_note",
        ]  # fmt: skip
        read_only_fields = fields


class LayerSerializer(serializers.Serializer[Any]):
    """A rotation; later ones win over earlier ones."""

    name = serializers.CharField()
    rotation = serializers.CharField(help_text="12h, 1d, 1w")
    starts_at = serializers.CharField(help_text="On the wall clock of the zone.")
    people = serializers.ListField(child=serializers.CharField())
    hours = serializers.CharField(allow_blank=True)


class ShiftSerializer(serializers.Serializer[Any]):
    """Who is on call from `start` until just before `end`."""

    user = PersonSerializer()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    # (The base has an attribute of that name; DRF keeps declared fields elsewhere.)
    source = serializers.CharField(  # type: ignore[assignment]
        help_text="The layer's name, `calendar` or `override`."
    )


class ScheduleDetailSerializer(ScheduleSerializer):
    """A schedule with its layers and shifts."""

    layers = LayerSerializer(many=True)
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    shifts = ShiftSerializer(many=True)

    class Meta(ScheduleSerializer.Meta):
        fields = [*ScheduleSerializer.Meta.fields, "layers", "start", "end", "shifts"]
        read_only_fields = fields


class OverrideSerializer(serializers.ModelSerializer[Override]):
    """An override."""

    schedule = serializers.CharField(source="schedule.name")
    user = serializers.CharField(source="user.username")

    class Meta:
        model = Override
        fields = ["id", "schedule", "user", "starts_at", "ends_at", "note", "author"]
        read_only_fields = fields


class EscalationSerializer(serializers.ModelSerializer[Escalation]):
    """A walk through an escalation policy; without a policy all members were told at once."""

    team = serializers.CharField(source="team.name")
    policy = serializers.CharField(source="policy.name", default=None, allow_null=True)
    rule = serializers.CharField(source="rule.name", default=None, allow_null=True)
    progress = serializers.ChoiceField(Escalation.Progress.choices)
    leader_alert_id = serializers.IntegerField(
        source="leader.alert_id",
        default=None,
        allow_null=True,
        help_text="The alert whose walk speaks, or went on, for this one.",
    )

    class Meta:
        model = Escalation
        fields = [
            "id", "alert_id", "team", "policy", "rule", "progress", "leader_alert_id", "round",
            "step", "created_at", "next_at", "paged_at", "acknowledged_at", "finished_at",
            "last_error",
        ]  # fmt: skip
        read_only_fields = fields


@extend_schema_field({"type": "string"})
class Person(serializers.CharField):
    """A username that becomes the person."""

    def to_internal_value(self, data: Any) -> Any:
        """Find the person."""
        username = super().to_internal_value(data)
        found = None
        if "\0" not in username:
            found = User.objects.filter(is_active=True, username=username).first()
        if found is None:
            raise serializers.ValidationError("There is no active user of that name.")
        return found


@extend_schema_field({"type": "string", "maxLength": 64, "example": "2026-01-31T12:00:00Z"})
class Instant(serializers.CharField):
    """RFC 3339, `now`, or `+2h` from now."""

    def to_internal_value(self, data: Any) -> Any:
        """Parse the instant."""
        text = super().to_internal_value(data)
        try:
            return parse_time(text, now=self.context["now"], field=self.field_name or "time")
        except PayloadError as error:
            raise serializers.ValidationError(error.errors[0].message) from None


class OverrideBody(serializers.Serializer[Any]):
    """Who takes over, from when until when."""

    user = Person()
    starts_at = Instant()
    ends_at = Instant()
    note = serializers.CharField(required=False, allow_blank=True, max_length=500)


def describe_post(post: Post) -> dict[str, Any]:
    """A line of the board."""
    following = post.watch.following
    return {
        "id": post.schedule.pk,
        "schedule": post.schedule.name,
        "team": post.schedule.team.name if post.schedule.team else None,
        "now": describe_person(post.holder) if post.holder else None,
        "until": _told(post.watch.until),
        "next": describe_next(following, post.people) if following else None,
    }


def describe_next(shift: Shift, people: Mapping[int, User]) -> dict[str, Any]:
    """Who comes next."""
    user = describe_person(people[shift.user_id])
    return {"user": user, "start": _told(shift.start), "end": _told(shift.end)}


def describe_person(user: User) -> dict[str, str]:
    """A person's username and full name."""
    return {"username": user.get_username(), "name": user.get_full_name() or user.get_username()}


def describe_shift(shift: Shift, people: Mapping[int, User]) -> dict[str, Any]:
    """A shift for its serializer."""
    return {
        "user": describe_person(people[shift.user_id]),
        "start": shift.start,
        "end": shift.end,
        "source": shift.source,
    }


def describe_schedule(schedule: Schedule) -> dict[str, Any]:
    """A schedule with its layers for its serializer."""
    told = {name: getattr(schedule, name) for name in ScheduleSerializer.Meta.fields}
    layers = [
        {
            "name": layer.name,
            "rotation": write_rotation(layer.length, layer.unit),
            "starts_at": write_wall(layer.starts_at),
            "people": [user.get_username() for user in layer.people],
            "hours": layer.hours,
        }
        for layer in layer_drafts(schedule)
    ]
    return told | {"layers": layers}


def _told(instant: datetime | None) -> str | None:
    return None if instant is None else serializers.DateTimeField().to_representation(instant)

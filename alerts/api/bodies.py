"""What the actions of the API take."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import BigIntegerField
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from alerts.act import ACTIONS, MOST_AT_ONCE
from alerts.normalise import LONGEST_NOTE
from opsportal.lib.api import parse_future
from opsportal.lib.errors import PayloadError
from opsportal.lib.times import utc_now


class Note(serializers.CharField):
    """A remark that goes into the alert's story."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, allow_blank=True, max_length=LONGEST_NOTE, **options)


@extend_schema_field({"type": "string", "nullable": True})
class Assignee(serializers.CharField):
    """A username that becomes the person's id, or null for nobody."""

    def to_internal_value(self, data: Any) -> Any:
        """Find the person."""
        username = super().to_internal_value(data)
        if "\0" in username:  # validators come later than the query below
            raise serializers.ValidationError("Null characters are not allowed.")
        people = get_user_model().objects.filter(is_active=True, username=username)
        user_id = people.values_list("pk", flat=True).first()
        if user_id is None:
            raise serializers.ValidationError("Nobody of that name can be assigned to.")
        return user_id


@extend_schema_field({"type": "string", "maxLength": 64, "example": "2h"})
class Until(serializers.CharField):
    """An instant to come: RFC 3339, or a span from now such as `30m`, `2h`, `3d`, `1w`."""

    def to_internal_value(self, data: Any) -> Any:
        """Parse the instant."""
        text = super().to_internal_value(data)
        if len(text) > 64:
            raise serializers.ValidationError("Is longer than 64 characters.")
        try:
            return parse_future(text, now=utc_now(), field="until")
        except PayloadError as error:
            raise serializers.ValidationError(error.errors[0].message) from None


class NoteBody(serializers.Serializer[Any]):
    """A remark, if any."""

    note = Note()


class AssignBody(NoteBody):
    """Who takes the alert; null takes it from everybody."""

    user = Assignee(allow_null=True)


class SnoozeBody(NoteBody):
    """How long nobody is to be told."""

    until = Until()


class TextBody(serializers.Serializer[Any]):
    """A note."""

    text = serializers.CharField(max_length=LONGEST_NOTE)


BODIES: dict[str, type[serializers.Serializer[Any]]] = {
    "assign": AssignBody,
    "snooze": SnoozeBody,
    "note": TextBody,
}


class BulkBody(serializers.Serializer[Any]):
    """One action on many alerts; `user`, `until`, `text` and `note` as the single action takes."""

    action = serializers.ChoiceField(list(ACTIONS))
    ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=BigIntegerField.MAX_BIGINT),
        min_length=1,
        max_length=MOST_AT_ONCE,
    )
    note = Note()
    user = Assignee(allow_null=True, required=False)
    until = Until(required=False)
    text = serializers.CharField(required=False, max_length=LONGEST_NOTE)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for what the action cannot do without."""
        needed = {"assign": "user", "snooze": "until", "note": "text"}.get(attrs["action"])
        if needed and needed not in attrs:
            raise serializers.ValidationError({needed: "This field is required."})
        return attrs

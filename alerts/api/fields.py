"""Fields that the bodies of several endpoints share."""

from datetime import datetime, timedelta
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotFound

from alerts.models import Channel
from opsportal.accounts.models import Team
from opsportal.lib.api import parse_time
from opsportal.lib.durations import parse_duration
from opsportal.lib.errors import PayloadError
from opsportal.lib.times import format_instant, utc_now


def parse_number(text: str, message: str) -> int:
    """The id in a URL. Raises NotFound, with the message, for what cannot be one."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise NotFound(message)
    return int(text)


@extend_schema_field({"oneOf": [{"type": "number"}, {"type": "string", "example": "1h30m"}]})
class DurationField(serializers.Field[Any, Any, Any, Any]):
    """Seconds, or a text such as `90s`, `5m`, `1h30m`, `2d`; answered in seconds."""

    def to_internal_value(self, data: Any) -> timedelta:
        """Read it."""
        if isinstance(data, str):
            try:
                return parse_duration(data)
            except PayloadError as error:
                raise serializers.ValidationError(error.message) from None
        if isinstance(data, bool) or not isinstance(data, int | float) or not abs(data) < 1e9:
            raise serializers.ValidationError("Seconds, or a text such as 5m or 1h30m.")
        return timedelta(seconds=data)

    def to_representation(self, value: timedelta) -> float:
        """Seconds."""
        seconds = value.total_seconds()
        return int(seconds) if seconds == int(seconds) else seconds


@extend_schema_field({"type": "string", "example": "2026-01-31T12:00:00Z"})
class InstantField(serializers.Field[Any, Any, Any, Any]):
    """RFC 3339, seconds since 1970, or `+2h` for two hours from now."""

    def to_internal_value(self, data: Any) -> datetime:
        """Read it."""
        number = isinstance(data, int | float) and not isinstance(data, bool)
        if not isinstance(data, str) and not number:
            raise serializers.ValidationError("A time: 2026-01-31T12:00:00Z, or +2h.")
        try:
            return parse_time(str(data)[:64], now=utc_now().replace(microsecond=0), field="time")
        except PayloadError as error:
            raise serializers.ValidationError(error.errors[0].message) from None

    def to_representation(self, value: datetime) -> str:
        """RFC 3339."""
        return format_instant(value)


@extend_schema_field({"type": "string", "nullable": True})
class NameField(serializers.SlugRelatedField[Any]):
    """A row by its name."""

    def to_internal_value(self, data: Any) -> Any:
        """Find it; no name holds NUL, which a database could not even look for."""
        if not isinstance(data, str) or "\0" in data:
            raise serializers.ValidationError("Write a name.")
        return super().to_internal_value(data)


def team_field(**options: Any) -> NameField:
    """A team by its name; null for none."""
    return NameField(
        slug_field="name", queryset=Team.objects.all(), allow_null=True, required=False, **options
    )


def channel_field(**options: Any) -> NameField:
    """A channel by its name; null for none."""
    rows = Channel.objects.defer("settings")
    return NameField(slug_field="name", queryset=rows, allow_null=True, required=False, **options)

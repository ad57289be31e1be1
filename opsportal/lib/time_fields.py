"""Form fields of instants, durations and zones. Each is plain text without JavaScript."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms

from opsportal.lib.admin import TextWidget
from opsportal.lib.api import parse_time
from opsportal.lib.durations import parse_duration, write_duration
from opsportal.lib.errors import PayloadError
from opsportal.lib.times import utc_now
from opsportal.lib.windows import zone_of

PLAIN = {"spellcheck": "false", "autocomplete": "off", "autocapitalize": "off"}


class DurationField(forms.CharField):
    """A duration as `10s` or `5m`."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", TextWidget(attrs=PLAIN))
        super().__init__(**options)

    def prepare_value(self, value: Any) -> Any:
        """As people write it."""
        return write_duration(value) if isinstance(value, timedelta) else value

    def to_python(self, value: Any) -> Any:
        """Read it."""
        text = super().to_python(value)
        if not text:
            return None
        try:
            return parse_duration(text)
        except PayloadError as error:
            raise forms.ValidationError(error.message) from error

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether it is another duration."""
        return bool(super().has_changed(self.prepare_value(initial), data))


class InstantField(forms.CharField):
    """A time in UTC, or a span from now."""

    def __init__(self, **options: Any) -> None:
        widget = TextWidget(attrs=PLAIN | {"placeholder": "2026-01-31 12:00"})
        super().__init__(**{"widget": widget} | options)

    def prepare_value(self, value: Any) -> Any:
        """To the minute, where that is exact."""
        if not isinstance(value, datetime):
            return value
        text = value.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
        return text.removesuffix(":00")

    def to_python(self, value: Any) -> Any:
        """Read it."""
        text = super().to_python(value)
        if not text:
            return None
        try:
            return parse_time(text, now=utc_now().replace(microsecond=0), field="time")
        except PayloadError as error:
            raise forms.ValidationError(error.errors[0].message) from error

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether it is another instant."""
        return bool(super().has_changed(self.prepare_value(initial), data))


class ZoneField(forms.CharField):
    """An IANA time zone."""

    def __init__(self, **options: Any) -> None:
        given = {
            "widget": TextWidget(attrs=PLAIN | {"placeholder": "Europe/Berlin"}),
            "max_length": 64,
            "required": False,
            "help_text": "Such as Europe/Berlin; empty: UTC.",
        }
        super().__init__(**given | options)

    def to_python(self, value: Any) -> str:
        """UTC where nothing is said."""
        return super().to_python(value) or "UTC"

    def validate(self, value: str) -> None:
        """Raise ValidationError for what is no zone."""
        try:
            zone_of(value)
        except PayloadError as error:
            raise forms.ValidationError(error.message) from error

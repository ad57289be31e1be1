"""Fields that the forms of rules and policies share. Each is plain text without JavaScript."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

import yaml
from django import forms
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from opsportal.lib.admin import TextareaWidget, TextWidget
from opsportal.lib.confignode import load_yaml
from opsportal.lib.errors import PayloadError
from opsportal.lib.windows import Hours, parse_hours

_PLAIN = {"spellcheck": "false", "autocomplete": "off", "autocapitalize": "off"}


class LabelsWidget(TextWidget):
    """Names of labels, parted by commas; the page's script offers those seen lately."""

    class Media:
        css = {"all": ["opsportal/rules.css"]}
        js = ["opsportal/rule-form.js"]

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs=_PLAIN | (attrs or {}))

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        """The field with a place for what is offered."""
        field = super().render(name, value, attrs, renderer)
        context = {"field": field, "labels_url": reverse("labels")}
        return render_to_string("alerts/labels_widget.html", context)


class LabelsField(forms.CharField):
    """A list of label names."""

    widget = LabelsWidget

    def __init__(self, **options: Any) -> None:
        options.setdefault("required", False)
        super().__init__(**options)

    def prepare_value(self, value: Any) -> Any:
        """With commas."""
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """Each once, in order."""
        names = (part.strip() for part in (super().to_python(value) or "").split(","))
        return list(dict.fromkeys(name for name in names if name))

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the list is another."""
        return bool(self.to_python(self.prepare_value(initial)) != self.to_python(data))


class HoursWidget(TextareaWidget):
    """Weekly hours as text, with a word below on whether they hold now."""

    class Media:
        css = {"all": ["opsportal/rules.css"]}
        js = ["opsportal/rule-form.js"]

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs={"rows": 2} | _PLAIN | (attrs or {}))

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        """The field with a place for the word."""
        field = super().render(name, value, attrs, renderer)
        return render_to_string(
            "alerts/hours_widget.html", {"field": field, "check_url": reverse("hours")}
        )


class ReadField(forms.CharField):
    """A text of several lines that `read` must be able to read."""

    read: ClassVar[Callable[[str], object]]

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False} | options)

    def to_python(self, value: Any) -> str:
        """Browsers send line ends as two characters."""
        text = super().to_python(value) or ""
        return text.replace("\r\n", "\n")

    def validate(self, value: str) -> None:
        """Raise ValidationError for what cannot be read."""
        super().validate(value)
        try:
            type(self).read(value)
        except PayloadError as error:
            raise forms.ValidationError(error.message) from error


class HoursField(ReadField):
    """Weekly hours as `opsportal/lib/windows.py` reads them."""

    widget = HoursWidget
    read = parse_hours

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": 500} | options)


class ParametersField(forms.CharField):
    """Keys and values as YAML (or JSON, which is YAML)."""

    def __init__(self, **options: Any) -> None:
        example = {"rows": 2, "placeholder": "region: eu-west-1"}
        options.setdefault("widget", TextareaWidget(attrs=example | _PLAIN))
        options.setdefault("required", False)
        super().__init__(**options)

    def prepare_value(self, value: Any) -> Any:
        """As YAML; nothing for an empty mapping."""
        if not isinstance(value, dict):
            return value
        return yaml.safe_dump(value, sort_keys=False, allow_unicode=True).strip() if value else ""

    def to_python(self, value: Any) -> Any:
        """Read it."""
        try:
            found = load_yaml((super().to_python(value) or "").encode()).value
        except (PayloadError, UnicodeEncodeError) as error:
            raise forms.ValidationError(str(error)) from error
        if not isinstance(found, dict):
            raise forms.ValidationError("Write keys and values, such as region: eu-west-1")
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the mapping is another."""
        try:
            return bool(self.to_python(data) != (initial or {}))
        except forms.ValidationError:
            return True


def describe_hours(hours: Hours, now: datetime) -> str:
    """Whether the hours hold, in the zone of the first of them."""
    if not hours.spans:
        return "Always."
    window = hours.window_at(now) or hours.next_window(now)
    if window is None:
        return "Never."
    zone = hours.spans[0].zone
    start, end = (instant.astimezone(zone) for instant in window)
    if start <= now:
        return f"Now, until {end:%a %H:%M} ({zone})."
    return f"Not now; next {start:%a %d %b %H:%M} to {end:%H:%M} ({zone})."

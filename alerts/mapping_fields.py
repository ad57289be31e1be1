"""The kinds of fields that the form of a mapping has."""

from typing import Any

from django import forms

from opsportal.lib.admin import TextareaWidget, TextWidget
from opsportal.lib.expressions import LONGEST

PLAIN = {"spellcheck": "false", "autocomplete": "off", "autocapitalize": "off"}
EXPRESSION = PLAIN | {"class": "is-mono", "data-expression": ""}


class ExpressionField(forms.CharField):
    """JMESPath, or a JSON pointer."""

    def __init__(self, **options: Any) -> None:
        hint = options.pop("hint", "")
        widget = TextWidget(attrs=EXPRESSION | {"placeholder": hint})
        given = {"widget": widget, "required": False, "max_length": LONGEST}
        super().__init__(**given | options)


class TableField(forms.CharField):
    """A table, a line each: `down = firing`. A value may hold a `=`, if the split is the last."""

    def __init__(self, *, last: bool, attrs: dict[str, Any], **options: Any) -> None:
        self._last = last
        widget = TextareaWidget(attrs={"rows": 3} | PLAIN | attrs)
        super().__init__(**{"widget": widget, "required": False, "max_length": 20_000} | options)

    def prepare_value(self, value: Any) -> Any:
        """As lines."""
        if not isinstance(value, dict):
            return value
        return "\n".join(f"{name} = {text}" for name, text in sorted(value.items()))

    def to_python(self, value: Any) -> Any:
        """Read it."""
        table: dict[str, str] = {}
        for number, line in enumerate((super().to_python(value) or "").splitlines(), 1):
            if not line.strip():
                continue
            name, sign, text = line.rpartition("=") if self._last else line.partition("=")
            name, text = name.strip(), text.strip()
            if not (name and sign and text):
                raise forms.ValidationError(f"Line {number}: write it as NAME = VALUE.")
            if name in table:
                raise forms.ValidationError(f"Line {number}: {name} is there twice.")
            table[name] = text
        return table

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the table is another."""
        try:
            return bool(self.to_python(data) != (initial or {}))
        except forms.ValidationError:
            return True

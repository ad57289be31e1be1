"""The editor of matchers for any form: rows to choose from, and the text, which is the truth.

Forms use `MatcherField`; without JavaScript it is a text field.
"""

import json
from typing import Any

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from alerts.form_fields import ReadField
from opsportal.lib.admin import TextareaWidget
from opsportal.lib.matchers import OPERATORS, MatcherError, parse_matchers, text_to_rows
from opsportal.lib.matchers.parse import MAX_TEXT

_MEANINGS = ("is", "is not", "matches", "no match", "below", "at most", "above", "at least")


class MatcherWidget(TextareaWidget):
    """A text area with the guided form above it."""

    class Media:
        css = {"all": ["opsportal/rules.css"]}
        js = ["opsportal/matchers.js"]

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        given = {"rows": 2, "spellcheck": "false", "autocomplete": "off", "autocapitalize": "off"}
        super().__init__(attrs=given | (attrs or {}))

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        """The editor; a text that rows cannot show is explained at once."""
        text = str(value or "")
        context: dict[str, Any] = {
            "area": super().render(name, value, attrs, renderer),
            "matchers_url": reverse("matchers"),
            "labels_url": reverse("labels"),
            "operators": json.dumps(list(zip(OPERATORS, _MEANINGS, strict=True))),
            "id": (attrs or {}).get("id", name),
        }
        try:
            rows = [[row.name, row.op, row.value] for row in text_to_rows(text)]
            context["rows"] = json.dumps(rows)
        except MatcherError as error:
            context |= {"text": text, "caret": caret(text, error.column), "message": error.message}
        return render_to_string("alerts/matcher_widget.html", context)


class MatcherField(ReadField):
    """Matchers as text; complains with the column."""

    widget = MatcherWidget
    read = parse_matchers

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": min(2000, MAX_TEXT)} | options)


def caret(text: str, column: int) -> str:
    """A mark under the column, to stand below the text in one width of letters."""
    before = text[: column - 1].rpartition("\n")[2]
    return "".join("\t" if char == "\t" else " " for char in before) + "^"

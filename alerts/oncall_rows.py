"""Inline rows in the words of files: read one by one, handed to one deed together."""

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.http import HttpRequest

from opsportal.lib.admin import StackedInline
from opsportal.lib.errors import PayloadError


def read_words(text: str, parse: Callable[[str], Any]) -> Any:
    """What a field says, with the complaint as the form wants it."""
    try:
        return parse(text)
    except PayloadError as error:
        raise forms.ValidationError(error.message[0].upper() + error.message[1:]) from error


class OwnersInline(StackedInline):
    """Rows that may be edited by whoever may edit what they belong to."""

    extra = 0
    hide_title = True
    of = ""

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        """Something new starts with one row to fill in."""
        return 0 if obj else 1

    def _may(self, request: HttpRequest, obj: Any) -> bool:
        return request.user.has_perm(f"alerts.change_{self.of}", obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """With the owner."""
        return self._may(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """With the owner."""
        return self._may(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """With the owner."""
        return self._may(request, obj)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """With the owner."""
        return request.user.has_perm(f"alerts.view_{self.of}", obj)


def drafts_of(formsets: Sequence[Any], name: str) -> list[Any]:
    """What the rows of the inline say, in the order their numbers give."""
    rows: list[tuple[int, int, Any]] = []
    for formset in formsets:
        formset.save(commit=False)  # so that it knows what was changed
        for row in formset.forms:
            facts = getattr(row, "cleaned_data", {})
            if facts.get(name) and not facts.get("DELETE"):
                rows.append((facts.get("position") or 0, len(rows), row.draft()))
    return [draft for *_, draft in sorted(rows, key=lambda found: found[:2])]

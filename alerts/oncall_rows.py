"""Inline rows in the words of files: read one by one, handed to one deed together."""

from collections.abc import Callable, Sequence
from typing import Any

from django import forms

from opsportal.lib.errors import PayloadError


def read_words(text: str, parse: Callable[[str], Any]) -> Any:
    """What a field says, with the complaint as the form wants it."""
    try:
        return parse(text)
    except PayloadError as error:
        raise forms.ValidationError(error.message[0].upper() + error.message[1:]) from error


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

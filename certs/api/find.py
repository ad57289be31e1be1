"""Rows by what a path or a body says."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework.exceptions import NotFound

from opsportal.accounts.models import Team
from opsportal.lib.errors import FieldError, PayloadError


def find_row(rows: QuerySet[Any], text: str) -> Any:
    """The row of that id. Raises NotFound."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise NotFound("There is no such thing.")
    return get_object_or_404(rows, pk=int(text))


def find_team(name: str | None) -> Team | None:
    """The team of that name; none for none. Raises PayloadError."""
    if not name:
        return None
    team = None if "\0" in name else Team.objects.filter(name=name).first()
    if team is None:
        message = f"there is no team {name[:100]!r}"
        raise PayloadError(f"team: {message}", [FieldError("team", message)])
    return team

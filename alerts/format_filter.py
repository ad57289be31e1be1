"""Formats in lists: their names, and a filter by them."""

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from opsportal.lib.registry import known_formats


def _choices() -> list[tuple[str, str]]:
    return [(slug, found.label) for slug, found in known_formats().items()]


def format_label(slug: str) -> str:
    """The name of a format; of one that is no longer there, its slug."""
    return dict(_choices()).get(slug, slug)


class FormatFilter(SimpleListFilter):
    """By the door's format."""

    title = "format"
    parameter_name = "format"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Those that there are."""
        return _choices()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """What was chosen."""
        slug = self.value()
        return queryset.filter(format=slug) if slug else queryset

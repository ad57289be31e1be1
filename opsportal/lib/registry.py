"""Plug-ins listed by dotted path in a setting, found by their `slug`."""

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string


@lru_cache
def plugins(setting: str) -> dict[str, Any]:
    """Slug -> plug-in, in the setting's order.

    Raises ImproperlyConfigured, naming the setting, when a path does not import or a slug is
    missing or taken.
    """
    found: dict[str, Any] = {}
    for path in getattr(settings, setting):
        try:
            plugin = import_string(path)
        except ImportError as error:
            raise ImproperlyConfigured(f"{setting}: cannot import {path!r}: {error}") from error
        slug = getattr(plugin, "slug", None)
        if not isinstance(slug, str) or not slug:
            raise ImproperlyConfigured(f"{setting}: {path!r} has no slug")
        if slug in found:
            raise ImproperlyConfigured(f"{setting}: {path!r} repeats the slug {slug!r}")
        found[slug] = plugin
    return found


def known_formats() -> dict[str, Any]:
    """Slug -> format, of all registries that settings.FORMATS names.

    Raises ImproperlyConfigured for a slug that two of them have.
    """
    found: dict[str, Any] = {}
    for setting in settings.FORMATS:
        formats = plugins(setting)
        if taken := found.keys() & formats.keys():
            raise ImproperlyConfigured(f"{setting}: the slug {min(taken)!r} is another format's")
        found |= formats
    return found


def plugin(setting: str, slug: str) -> Any:
    """The plug-in of that slug. Raises LookupError that lists the known ones."""
    known = plugins(setting)
    if slug not in known:
        raise LookupError(f"{setting} has no {slug!r}; known: {', '.join(known) or 'none'}")
    return known[slug]


def choices(setting: str) -> list[tuple[str, str]]:
    """Form choices of a plug-in kind; use behind a function, so that plug-ins make no migration."""
    return [(slug, getattr(found, "label", slug)) for slug, found in plugins(setting).items()]

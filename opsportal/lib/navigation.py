"""The sidebar: settings.NAVIGATION as the theme wants it, only what the person may see."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse

# Title, icon, URL name, permission ("" for everybody who is signed in).
Item = tuple[str, str, str, str]


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups of the sidebar; a group without a permitted item is left out."""
    groups = [(title, _items(request, items)) for title, items in settings.NAVIGATION]
    return [
        {"title": title, "separator": False, "collapsible": False, "items": items}
        for title, items in groups
        if items
    ]


def _items(request: HttpRequest, items: Sequence[Item]) -> list[dict[str, Any]]:
    found = []
    for title, icon, name, permission in items:
        if permission and not request.user.has_perm(permission):
            continue
        link = _link(name)
        if link:
            active = _covers(link, request)
            found.append({"title": title, "icon": icon, "link": link, "active": active})
    return _only_the_closest(found)


def _covers(link: str, request: HttpRequest) -> bool:
    if link == "/":
        return request.path == "/"
    path, _, query = link.partition("?")
    return request.path.startswith(path) and (not query or query in request.META["QUERY_STRING"])


def _only_the_closest(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of a list and a filtered view of it, the one that is shown."""
    closest = max((len(item["link"]) for item in items if item["active"]), default=0)
    for item in items:
        item["active"] = item["active"] and len(item["link"]) == closest
    return items


def _link(name: str) -> str:
    """The URL behind a name, with its query; empty while nothing answers there."""
    name, _, query = name.partition("?")
    try:
        return reverse(name) + (f"?{query}" if query else "")
    except NoReverseMatch:
        return ""


def may_search(request: HttpRequest) -> bool:
    """The theme's command search is for staff only; others get no dead box."""
    return bool(getattr(request.user, "is_staff", False))


def stylesheet(request: HttpRequest) -> str:
    """The portal's own stylesheet."""
    return static("opsportal/portal.css")


def shell_script(request: HttpRequest) -> str:
    """What the theme needs under the strict Content-Security-Policy."""
    return static("opsportal/shell.js")


def portal_script(request: HttpRequest) -> str:
    """Live parts and selection."""
    return static("opsportal/portal.js")


def icon(request: HttpRequest) -> str:
    """The favicon."""
    return static("opsportal/icon.svg")

"""Pages of our own in the admin's shell: who may open them, and what they look like when not."""

from collections.abc import Callable, Mapping
from functools import wraps
from hashlib import blake2b
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.cache import get_conditional_response, patch_cache_control

from opsportal.accounts.permissions import can_view
from opsportal.lib.admin import site
from opsportal.lib.api import handlers
from opsportal.lib.requests import is_for_machines

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, P], HttpResponse]


def portal_page(view: Page[P]) -> Page[P]:
    """For everybody with a role: anonymous people go to the login, others get the 403 page."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path(), reverse("admin:login"))
        if not can_view(request.user):
            raise PermissionDenied("You are in no team yet. Ask an administrator for a role.")
        response = view(request, *args, **kwargs)
        patch_cache_control(response, private=True, no_cache=True)
        return response

    return guarded


def render_page(
    request: HttpRequest, template: str, context: Mapping[str, Any], status: int = 200
) -> HttpResponse:
    """The template inside the shell."""
    shell = {**site.each_context(request), "is_fullwidth": "1", "portal_page": True}
    return render(request, template, {**shell, **context}, status=status)


def render_live(
    request: HttpRequest, page: str, part: str, context: Mapping[str, Any], status: int = 200
) -> HttpResponse:
    """The page with its live part inside; only the part when the page polls, 304 while the same."""
    html = render_to_string(part, dict(context))
    tag = f'"{blake2b(html.encode(), digest_size=12).hexdigest()}"'
    if request.headers.get("X-Part") != "live":
        live = {"live": html, "live_tag": tag}
        return render_page(request, page, {**context, **live}, status=status)
    response = HttpResponse(html, headers={"ETag": tag, "Vary": "X-Part"})
    return get_conditional_response(request, etag=tag, response=response) or response


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: signed in, but not for this."""
    if is_for_machines(request):
        return handlers.forbidden(request, exception)
    message = str(exception) or "Your role does not include this page."
    return _refusal(request, 403, "Not for you", message)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    if is_for_machines(request):
        return handlers.not_found(request, exception)
    return _refusal(request, 404, "Nothing here", "There is no page at this address.")


def _refusal(request: HttpRequest, status: int, title: str, message: str) -> HttpResponse:
    context = {"title": title, "message": message, "status": status}
    if not (request.user.is_authenticated and can_view(request.user)):
        return render(request, "refusal_plain.html", context, status=status)
    return render_page(request, "refusal.html", context, status=status)

"""The page behind a message's acknowledge button: for whoever has the link, without a login."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from alerts.answer import BadLinkError, acknowledge_by_link, read_link
from opsportal.accounts.actors import actor_of
from opsportal.lib.times import utc_now


# The link itself is the secret, and its page sends no referrer, so there is nothing to forge.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """Show what it is about; only a POST acknowledges."""
    now = utc_now()
    done: int | None = None
    context: dict[str, Any]
    try:
        asked = read_link(token, now=now)
        if request.method == "POST":
            done = acknowledge_by_link(asked, visitor=actor_of(request), now=now)
            asked = read_link(token, now=now)
    except BadLinkError as error:
        context = {"title": "This link does not work", "message": error.message}
        response = render(request, "alerts/answer_refused.html", context, status=error.status)
    else:
        alert = next(iter(asked.alerts), asked.notification.alert)
        context = {"asked": asked, "alert": alert, "done": done}
        response = render(request, "alerts/answer.html", context)
    add_never_cache_headers(response)
    # The address is a secret: it goes to nobody whom the page links to, and into no index.
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response

"""Parts of pages that poll: the same part again is a 304."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response

from opsportal.accounts.pages import render_page


def render_live(
    request: HttpRequest, page: str, part: str, context: Mapping[str, Any], status: int = 200
) -> HttpResponse:
    """The page with its live part inside; only the part, under an ETag, when the page polls."""
    html = render_to_string(part, dict(context))
    tag = f'"{blake2b(html.encode(), digest_size=12).hexdigest()}"'
    if request.headers.get("X-Part") != "live":
        live = {"live": html, "live_tag": tag}
        return render_page(request, page, {**context, **live}, status=status)
    response = HttpResponse(html, headers={"ETag": tag, "Vary": "X-Part"})
    return get_conditional_response(request, etag=tag, response=response) or response

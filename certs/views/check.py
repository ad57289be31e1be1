"""Check a host now, and see the result at once."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from certs.check import Checked, check_host
from certs.sources.endpoints import parse_endpoint
from certs.tls import PROTOCOLS
from certs.views.chains import drawn_link
from opsportal.accounts.actors import actor_of
from opsportal.accounts.pages import portal_page, render_page
from opsportal.accounts.permissions import can_respond
from opsportal.lib.errors import FieldError, OpsError, PayloadError
from opsportal.lib.times import utc_now

_LONGEST = 600


@portal_page
@require_http_methods(["GET", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """The form; posted, with what came of it. A link may fill it in, and connects to nothing."""
    if not can_respond(request.user, None):
        raise PermissionDenied("Responders check hosts.")
    given = request.POST if request.method == "POST" else request.GET
    host, name = given.get("host", ""), given.get("server_name", "")
    context: dict[str, Any] = {
        "title": "Check a host", "host": host[:_LONGEST], "server_name": name[:_LONGEST],
        "protocols": {slug: each.title for slug, each in PROTOCOLS.items()},
        "protocol": given.get("protocol", "tls"),
    }  # fmt: skip
    status = 200
    if request.method == "POST":
        try:
            context |= _result(request, host, name, context["protocol"])
        except OpsError as error:
            context["errors"] = error.errors or [FieldError("", error.message)]
            status = error.status
    return render_page(request, "certs/check.html", context, status=status)


def _result(request: HttpRequest, host: str, name: str, protocol: str) -> dict[str, Any]:
    text = host.strip()
    if len(text) > _LONGEST or len(name) > _LONGEST:
        raise PayloadError("too long", [FieldError("host", "is too long")])
    if "://" not in text:
        text = f"{protocol}://{text}"
    now = utc_now()
    checked = check_host(
        parse_endpoint(f"{text} {name.strip()}".strip()), actor=actor_of(request), now=now
    )
    return {"checked": checked, "shown": _shown(checked, now=now)}


def _shown(checked: Checked, *, now: Any) -> list[tuple[Any, Any]]:
    return [
        (each, [drawn_link(link, now=now) for link in each.chain]) for each in checked.addresses
    ]

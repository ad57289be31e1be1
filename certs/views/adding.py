"""Endpoints that people name, many at once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods

from certs.models import Endpoint
from certs.normalise import FoundEndpoint
from certs.observe.edit import add_endpoints
from certs.sources.endpoints import parse_endpoint
from opsportal.accounts.actors import actor_of
from opsportal.accounts.models import Team
from opsportal.accounts.pages import portal_page, render_page
from opsportal.accounts.permissions import can_respond, is_administrator, responding_teams
from opsportal.lib.durations import parse_duration
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.times import utc_now

_MOST_ERRORS = 20
_LONGEST = 600
_USUAL = {"interval": "1h"}


@portal_page
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Hosts, one each line; all of them or none."""
    if not can_respond(request.user, None):
        raise PermissionDenied("Responders add endpoints.")
    given = {
        name: request.POST.get(name, request.GET.get(name, _USUAL.get(name, ""))[:_LONGEST])
        for name in ("hosts", "team", "environment", "service", "interval")
    }
    context: dict[str, Any] = {"title": "Watch hosts", "given": given, "teams": _teams(request)}
    if request.method == "GET":
        return render_page(request, "certs/endpoint_add.html", context)
    try:
        new = _add(request, given)
    except PayloadError as error:
        context["errors"] = error.errors or [FieldError("", error.message)]
        return render_page(request, "certs/endpoint_add.html", context, status=error.status)
    if len(new) == 1:
        return HttpResponseRedirect(new[0].get_absolute_url())
    messages.success(request, f"{len(new)} endpoints are looked at within seconds.")
    return HttpResponseRedirect("/certs/endpoints/")


def _add(request: HttpRequest, given: dict[str, str]) -> list[Endpoint]:
    lines = [line.strip() for line in given["hosts"].splitlines() if line.strip()]
    found: list[FoundEndpoint] = []
    errors: list[FieldError] = []
    for line in lines:
        try:
            found.append(replace(parse_endpoint(line), locator=""))
        except PayloadError as error:
            said = error.errors[0].message if error.errors else error.message
            errors.append(FieldError(line[:80], said))
    if not lines:
        errors.append(FieldError("hosts", "Name at least one host."))
    if errors:
        raise PayloadError("Some lines cannot be read.", errors[:_MOST_ERRORS])
    usual = Endpoint(
        team=_team(request, given["team"]), environment=given["environment"].strip(),
        service=given["service"].strip(), interval=_interval(given["interval"]),
    )  # fmt: skip
    new = add_endpoints(found, usual, actor=actor_of(request), now=utc_now())
    if not new:
        raise PayloadError("All of these are watched already.")
    return new


def _teams(request: HttpRequest) -> list[str]:
    """Those that one may add for."""
    teams = Team.objects.order_by("name")
    if not is_administrator(request.user):
        teams = teams.filter(pk__in=responding_teams(request.user))
    return list(teams.values_list("name", flat=True)[:500])


def _team(request: HttpRequest, name: str) -> Team | None:
    if not name:
        return None
    if name not in _teams(request):
        raise PayloadError("no such team", [FieldError("team", "choose one of yours")])
    return Team.objects.get(name=name)


def _interval(text: str) -> timedelta:
    try:
        return parse_duration(text.strip() or "1h")
    except PayloadError as error:
        raise PayloadError(error.message, [FieldError("interval", error.message)]) from error

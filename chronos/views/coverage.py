"""Coverage as a page: sources, what could be one name, and what no change names."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from chronos.alias import delete_alias, save_alias
from chronos.coverage import SILENT, SourceCoverage, cover_sources, uncovered_services
from chronos.models import ALIASED, Alias
from chronos.suggest import suggest_aliases
from opsportal.accounts.actors import actor_of
from opsportal.accounts.pages import portal_page, render_page
from opsportal.accounts.permissions import is_administrator
from opsportal.lib.errors import OpsError
from opsportal.lib.times import utc_now

MOST_ALIASES = 500
_BAR, _TALL = 4, 18  # pixels


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source, and the bars of its days: each x and height."""

    source: SourceCoverage
    bars: Sequence[tuple[int, float]]
    total: int


@portal_page
@require_safe
def coverage(request: HttpRequest) -> HttpResponse:
    """The page."""
    sources = [_row(source) for source in cover_sources(now=utc_now())]
    context = {
        "title": "Coverage",
        "sources": sources,
        "silent": sum(row.source.state == SILENT for row in sources),
        "suggestions": suggest_aliases(),
        "aliases": list(Alias.objects.all()[:MOST_ALIASES]),
        "uncovered": uncovered_services(),
        "fields": ALIASED,
        "may_alias": _may_alias(request),
        "bar": _BAR,
        "tall": _TALL,
    }
    return render_page(request, "chronos/coverage.html", context)


@portal_page
@require_POST
def alias(request: HttpRequest) -> HttpResponse:
    """Make two names one, say that they are not, or end an alias."""
    if not _may_alias(request):
        raise PermissionDenied("Administrators decide about names.")
    actor, now = actor_of(request), utc_now()
    field, name = request.POST.get("field", ""), request.POST.get("name", "")
    if "\0" in field + name:
        field = name = ""
    known = Alias.objects.filter(field=field, name=name.strip()).first()
    try:
        if "remove" in request.POST:
            if known is not None:
                delete_alias(known, actor=actor, now=now)
                messages.success(request, f"{name} is a name of its own again.")
        else:
            differs = "differs" in request.POST
            found = known or Alias(field=field, name=name)
            found.canonical = name if differs else request.POST.get("canonical", "")
            save_alias(found, actor=actor, now=now)
            said = "is right as it is" if differs else f"is {found.canonical} from now on"
            messages.success(request, f"{name} {said}.")
    except OpsError as error:
        messages.error(request, error.message)
    return HttpResponseRedirect(reverse("coverage"))


def _may_alias(request: HttpRequest) -> bool:
    # Every team's changes have these names, so no one team's admin decides.
    return is_administrator(request.user)


def _row(source: SourceCoverage) -> SourceRow:
    most = max(source.days, default=0) or 1
    bars = [
        (place * _BAR, max(2, round(_TALL * count / most, 1)))
        for place, count in enumerate(source.days)
        if count
    ]
    return SourceRow(source, bars, sum(source.days))

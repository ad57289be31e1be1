"""Sources as pages: how each does, its log, what cannot be read, and what is where."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from certs.change import confirm_absence, look_now
from certs.models import Endpoint, Finding, Placement, Source, SourceRun, SourceTrouble
from certs.sources import source_kind
from certs.sources.options import shown_options
from opsportal.accounts.actors import actor_of
from opsportal.accounts.pages import portal_page, render_page
from opsportal.accounts.permissions import can_administer, can_respond
from opsportal.lib.errors import ConflictError
from opsportal.lib.outbox import UNFINISHED
from opsportal.lib.times import utc_now

ROWS, SHOWN = 100, 20


@portal_page
@require_safe
def show_sources(request: HttpRequest) -> HttpResponse:
    """All of them, those in trouble first."""
    troubles = Count("trouble_rows", filter=Q(trouble_rows__cleared_at=None))
    rows = Source.objects.select_related("team").annotate(open_troubles=troubles)
    sources = list(rows.order_by("-enabled", "-failures", "name"))
    context = {
        "title": "Sources of certificates",
        "sources": sources,
        "pushed": _pushed(sources),
        "hosts": _hosts(sources),
        "may_add": request.user.has_perm("certs.add_source"),
    }
    return render_page(request, "certs/sources.html", context)


def _hosts(sources: Sequence[Source]) -> dict[int, int]:
    """How many endpoints each of them has led to."""
    rows = Endpoint.objects.filter(source__in=[source.pk for source in sources]).order_by()
    return dict(rows.values_list("source_id").annotate(Count("id")))


def _pushed(sources: Sequence[Source]) -> dict[int, int]:
    """Of those that are never asked, how much is there."""
    kinds = {source.pk: source_kind(source.kind) for source in sources}
    counts = {pk: 0 for pk, kind in kinds.items() if kind and kind.pushed}
    present = Placement.objects.filter(source__in=list(counts), gone_at=None).order_by()
    return counts | dict(present.values_list("source_id").annotate(Count("id")))


@portal_page
@require_safe
def show_source(request: HttpRequest, source_pk: int) -> HttpResponse:
    """One: its log, what cannot be read, what it has."""
    source = get_object_or_404(Source.objects.select_related("team"), pk=source_pk)
    kind = source_kind(source.kind)
    gone = "gone" in request.GET
    places = Placement.objects.filter(source=source, gone_at__isnull=not gone)
    places = places.select_related("certificate").defer("certificate__der")
    if (after := _number(request.GET.get("after", ""))) is not None:
        places = places.filter(pk__gt=after)
    found = list(places.order_by("pk")[: ROWS + 1])
    runs = list(source.runs.order_by("-pk")[: SHOWN + 1])
    troubles = SourceTrouble.objects.filter(source=source, cleared_at=None).order_by("-pk")
    context: dict[str, Any] = {
        "title": source.name,
        "source": source,
        "kind": kind,
        "options": _options(source),
        "runs": runs[:SHOWN],
        "more_runs": len(runs) > SHOWN,
        "running": SourceRun.objects.filter(UNFINISHED, source=source).exists(),
        "troubles": list(troubles[: ROWS + 1]),
        "places": found[:ROWS],
        "more": found[ROWS - 1].pk if len(found) > ROWS else None,
        "later": after is not None,
        "hosts": source.endpoints.count(),
        "gone": gone,
        "findings": list(Finding.objects.filter(source=source, closed_at=None)),
        "may_look": can_respond(request.user, source.team_id),
        "may_change": can_administer(request.user, source.team_id),
    }
    return render_page(request, "certs/source.html", context)


@portal_page
@require_safe
def show_runs(request: HttpRequest, source_pk: int) -> HttpResponse:
    """The whole log of one."""
    source = get_object_or_404(Source, pk=source_pk)
    runs = source.runs.order_by("-pk")
    if (before := _number(request.GET.get("before", ""))) is not None:
        runs = runs.filter(pk__lt=before)
    found = list(runs[: ROWS + 1])
    context = {
        "title": f"Runs of {source.name}",
        "source": source,
        "runs": found[:ROWS],
        "more": found[ROWS - 1].pk if len(found) > ROWS else None,
        "later": before is not None,
    }
    return render_page(request, "certs/source_runs.html", context)


@portal_page
@require_POST
def look(request: HttpRequest, source_pk: int) -> HttpResponse:
    """Have it looked at now."""
    source = get_object_or_404(Source, pk=source_pk)
    if not can_respond(request.user, source.team_id):
        raise PermissionDenied("Responders of the source's team have it looked at.")
    try:
        if look_now(source, actor=actor_of(request), now=utc_now()):
            messages.success(request, f"{source.name} is looked at within seconds.")
        else:
            messages.info(request, f"{source.name} is being looked at already.")
    except ConflictError as error:
        messages.error(request, error.message)
    return HttpResponseRedirect(reverse("certs-source", args=[source.pk]))


@portal_page
@require_POST
def confirm(request: HttpRequest, source_pk: int) -> HttpResponse:
    """What vanished is gone indeed."""
    source = get_object_or_404(Source, pk=source_pk)
    if not can_administer(request.user, source.team_id):
        raise PermissionDenied("Admins of the source's team confirm that.")
    try:
        confirm_absence(source, actor=actor_of(request), now=utc_now())
        messages.success(request, "It is looked at once more; what is absent then is gone.")
    except ConflictError as error:
        messages.error(request, error.message)
    return HttpResponseRedirect(reverse("certs-source", args=[source.pk]))


def _options(source: Source) -> list[tuple[str, Any]]:
    """Label and value, long ones cut; nothing secret."""
    kind = source_kind(source.kind)
    labels = {option.name: option.label for option in kind.options} if kind else {}
    shown = shown_options(kind, source.options, source.secret or {})
    return [(labels.get(name, name), _words(value)) for name, value in shown.items()]


def _words(value: Any) -> str:
    if isinstance(value, list):
        more = f" and {len(value) - 5} more" if len(value) > 5 else ""
        return ", ".join(value[:5]) + more
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return text if len(text) <= 200 else f"{text[:200]}… ({len(text)} characters)"


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None

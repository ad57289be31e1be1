"""One resource: its configuration now or at a time, its history, and what it has to do with."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST, require_safe

from opsportal.accounts.actors import actor_of
from opsportal.accounts.pages import portal_page, render_page
from opsportal.accounts.permissions import can_respond
from opsportal.lib.api import parse_time
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.params import last, params_of
from opsportal.lib.times import utc_now
from security.cause import causes_of
from security.collectors import Collector, collector_of
from security.history import differences_of, look_around, look_behind, revision_at
from security.models import CloudResource, Comment, ConfigRevision, Finding
from security.review import add_comment
from security.views.access import require_responder
from security.views.feed import back_to
from security.views.pages import LARGEST, by_id
from security.views.readable import read_config

_HISTORY, _FINDINGS, _COMMENTS, _CAUSES, _LINES = 20, 50, 50, 5, 20


@portal_page
@require_safe
def show_resource(request: HttpRequest, resource_id: int) -> HttpResponse:
    """The page."""
    resource = _resource(resource_id)
    params = params_of(request, ("at", "after"))
    collector = collector_of(resource.technology) or Collector
    config, unknown = resource.config, resource.unknown
    errors: tuple[FieldError, ...] = ()
    shown: ConfigRevision | None = None
    try:
        if text := last(params, "at"):
            at = parse_time(text, now=utc_now(), field="at")
            shown = revision_at(resource, at)
            config, unknown = (shown.config if shown else {}), {}
    except PayloadError as error:
        errors = error.errors
    history = by_id(revisions_of(resource), last(params, "after"), _HISTORY, down=True)
    causes = causes_of([row.pk for row in history.rows])
    newest: ConfigRevision | None = next(iter(history.rows), None)
    context = {
        "title": getattr(collector, "noun", resource.technology).capitalize(),
        "resource": resource,
        "noun": getattr(collector, "noun", resource.technology),
        "at": last(params, "at"),
        "shown": shown,
        "errors": errors,
        "readable": read_config(config, collector.shape, unknown),
        "unknown": unknown,
        "page": history,
        "history": [
            (
                row,
                (lines := differences_of(row))[:_LINES],
                len(lines[_LINES:]),
                causes.get(row.pk, ())[:_CAUSES],
            )
            for row in history.rows
        ],
        "findings": findings_of(resource),
        "comments": list(Comment.objects.filter(resource=resource)[:_COMMENTS]),
        "behind": look_behind(resource),
        "around": look_around(newest) if newest else None,
        "about": newest,
        "may_act": can_respond(request.user, None),
    }
    status = 400 if errors else 200
    return render_page(request, "security/resource.html", context, status=status)


def revisions_of(resource: CloudResource) -> QuerySet[ConfigRevision]:
    """Its revisions, newest first, with their reviews, without configurations."""
    found = ConfigRevision.objects.filter(resource=resource).order_by("-id")
    return found.select_related("review", "account", "resource").defer("config", "resource__config")


def findings_of(resource: CloudResource) -> list[Finding]:
    """What is wrong with it first, then what was."""
    rows = Finding.objects.filter(resource=resource).order_by("-score", "-id")
    order = {"open": 0, "unknown": 1, "accepted": 2, "fixed": 3}
    return sorted(rows[: 4 * _FINDINGS], key=lambda row: order.get(row.status, 9))[:_FINDINGS]


@portal_page
@require_POST
def comment(request: HttpRequest, resource_id: int) -> HttpResponse:
    """Comment on it, or on the revision that the form names."""
    require_responder(request)
    resource = _resource(resource_id)
    text, number = request.POST.get("text", ""), request.POST.get("revision", "")
    try:
        revision = None
        if number:
            digits = number.isascii() and number.isdigit() and len(number) < 19
            rows = ConfigRevision.objects.filter(resource=resource)
            revision = rows.filter(pk=int(number)).first() if digits else None
            if revision is None:
                raise PayloadError("No such revision.", [FieldError("revision", "unknown")])
        add_comment(resource, text, revision=revision, actor=actor_of(request), now=utc_now())
    except PayloadError as error:
        messages.error(request, error.message)
    return HttpResponseRedirect(back_to(request, resource.get_absolute_url()))


def _resource(resource_id: int) -> CloudResource:
    found = CloudResource.objects.select_related("account")
    row = found.filter(pk=resource_id).first() if resource_id <= LARGEST else None
    if row is None:
        raise Http404("no such resource")
    return row

"""One revision: what changed, who did it and how, what it did to the findings; and two compared."""

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST, require_safe

from opsportal.accounts.actors import actor_of
from opsportal.accounts.pages import portal_page, render_page
from opsportal.accounts.permissions import can_respond
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.params import last, params_of
from opsportal.lib.times import utc_now
from security.cause import causes_of
from security.collectors import Collector, collector_of
from security.history import between, differences_of, look_around, look_behind
from security.models import Comment, ConfigRevision, Finding, Review
from security.review import withdraw_review
from security.views.access import require_responder
from security.views.feed import back_to
from security.views.pages import LARGEST
from security.views.readable import read_config

_COMMENTS, _CAUSES, _FINDINGS, _LINES = 50, 20, 50, 500


@portal_page
@require_safe
def show_revision(request: HttpRequest, revision_id: int) -> HttpResponse:
    """The page."""
    revision = _revision(str(revision_id))
    if revision is None:
        raise Http404("no such revision")
    collector = collector_of(revision.technology) or Collector
    causes = causes_of([revision.pk]).get(revision.pk, [])[:_CAUSES]
    lines = differences_of(revision)
    near = _neighbours(revision)
    context = {
        "title": f"Configuration change {revision.pk}",
        "revision": revision,
        "resource": revision.resource,
        "noun": getattr(collector, "noun", revision.technology),
        "lines": lines[:_LINES],
        "more": len(lines[_LINES:]),
        "before": near.get(revision.number - 1),
        "next": near.get(revision.number + 1),
        "review": _review_of(revision),
        "causes": causes,
        "findings": _findings(revision),
        "comments": list(Comment.objects.filter(revision=revision)[:_COMMENTS]),
        "readable": read_config(revision.config, collector.shape, {}),
        "around": look_around(
            revision, deployments=[one.deployment.event_id for one in causes if one.deployment]
        ),
        "behind": look_behind(revision.resource),
        "may_act": can_respond(request.user, None),
        "here": request.get_full_path(),
    }
    return render_page(request, "security/revision.html", context)


def _neighbours(revision: ConfigRevision) -> dict[int, ConfigRevision]:
    numbers = (revision.number - 1, revision.number + 1)
    rows = ConfigRevision.objects.filter(resource_id=revision.resource_id, number__in=numbers)
    return {row.number: row for row in rows.only("number", "kind", "captured_at")}


def _review_of(revision: ConfigRevision) -> Review | None:
    return getattr(revision, "review", None)


def _findings(revision: ConfigRevision) -> list[tuple[str, Finding]]:
    """What it brought in, and what it put right."""
    rows = Finding.objects.filter(Q(introduced_by=revision) | Q(fixed_by=revision))
    return [
        ("introduced" if row.introduced_by_id == revision.pk else "fixed", row)
        for row in rows.order_by("-score", "-id")[:_FINDINGS]
    ]


@portal_page
@require_POST
def withdraw(request: HttpRequest, revision_id: int) -> HttpResponse:
    """The review is taken back."""
    require_responder(request)
    revision = _revision(str(revision_id))
    if revision is None:
        raise Http404("no such revision")
    if review := _review_of(revision):
        withdraw_review(review, actor=actor_of(request), now=utc_now())
        messages.success(request, "It is to be reviewed again.")
    return HttpResponseRedirect(back_to(request, revision.get_absolute_url()))


@portal_page
@require_safe
def compare_revisions(request: HttpRequest) -> HttpResponse:
    """Any two revisions of a technology, also of what is gone."""
    params = params_of(request, ("from", "to"))
    context: dict[str, Any] = {"title": "Compare", "params": params}
    status = 200
    try:
        old, new = (_asked(params, name) for name in ("from", "to"))
        others = ConfigRevision.objects.filter(resource_id=new.resource_id).order_by("-number")
        context |= {
            "old": old,
            "new": new,
            "lines": (lines := between(old, new))[:_LINES],
            "more": len(lines[_LINES:]),
            "others": others.only("number", "kind", "captured_at", "summary")[:100],
        }
    except PayloadError as error:
        context["errors"], status = error.errors, error.status
    return render_page(request, "security/compare.html", context, status=status)


def _asked(params: dict[str, list[str]], name: str) -> ConfigRevision:
    found = _revision(last(params, name))
    if found is None:
        message = f"{name} must be the id of a revision"
        raise PayloadError(message, [FieldError(name, message)])
    return found


def _revision(text: str) -> ConfigRevision | None:
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= LARGEST):
        return None
    found = ConfigRevision.objects.select_related("resource", "account", "review")
    return found.defer("resource__config").filter(pk=int(text)).first()

"""The order of the rules, and what each of them has been."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from alerts.change import order_rules, restore_rule
from alerts.models import PolicyVersion, Rule
from alerts.rule_words import differences, rule_facts
from alerts.views.rows import number_of
from opsportal.accounts.actors import actor_of
from opsportal.accounts.pages import portal_page, render_page
from opsportal.lib.errors import OpsError, PayloadError
from opsportal.lib.times import utc_now

MOST_VERSIONS = 100


def _may_change(request: HttpRequest, rule: Rule | None) -> bool:
    return rule is not None and request.user.has_perm("alerts.change_rule", rule)


@portal_page
@require_POST
def order(request: HttpRequest) -> HttpResponse:
    """All rules in a new order: `ids`, or one rule moved by a step, from the order `seen`."""
    if not request.user.has_perm("alerts.change_rule"):
        raise PermissionDenied("Only administrators, of teams or of all, order rules.")
    try:
        seen = _numbers(request.POST.get("seen", ""))
        move = request.POST.get("move", "")
        ids = _stepped(seen, move) if move else _numbers(request.POST.get("ids", ""))
        moved = order_rules(
            ids,
            seen=seen,
            own=lambda rule: _may_change(request, rule),
            actor=actor_of(request),
            now=utc_now(),
        )
        names = ", ".join(f"{rule} is {rule.order}" for rule in moved[:10])
        messages.success(request, f"Ordered: {names}." if moved else "The order is as it was.")
    except OpsError as error:
        messages.error(request, error.message)
    return HttpResponseRedirect(reverse("admin:alerts_rule_changelist"))


def _numbers(text: str) -> list[int]:
    found = [number_of(part) for part in text.split(",")]
    numbers = [number for number in found if number is not None]
    if len(numbers) != len(found):
        raise PayloadError("The order is not understood: send the ids of all rules with commas.")
    return numbers


def _stepped(seen: list[int], move: str) -> list[int]:
    """`12:up` or `12:down`."""
    text, _, way = move.partition(":")
    pk = number_of(text)
    if pk not in seen or way not in ("up", "down"):
        raise PayloadError("The move is not understood: send move=<id>:up or move=<id>:down.")
    ids = list(seen)
    at = ids.index(pk)
    to = max(0, min(len(ids) - 1, at + (1 if way == "down" else -1)))
    ids.insert(to, ids.pop(at))
    return ids


@portal_page
@require_safe
def rule_versions(request: HttpRequest, rule_id: int) -> HttpResponse:
    """The history of a rule, newest first, each version with what it changed."""
    rule = Rule.objects.select_related("team").filter(pk=rule_id).first()
    found = list(_versions(rule_id)[: MOST_VERSIONS + 1])
    if rule is None and not found:
        raise Http404("no such rule")
    steps = [
        (version, [] if version.removed else _changes(version, earlier))
        for version, earlier in zip(found, [*found[1:], None], strict=False)
    ]
    name = rule.name if rule else found[0].state["name"]
    context = {
        "title": f"Versions of {name}",
        "rule": rule,
        "name": name,
        "steps": steps[:MOST_VERSIONS],
        "more": len(found) > MOST_VERSIONS,
        "may_change": _may_change(request, rule),
    }
    return render_page(request, "alerts/rule_versions.html", context)


@portal_page
@require_safe
def rule_version(request: HttpRequest, rule_id: int, number: int) -> HttpResponse:
    """A rule as it was."""
    version = _version(rule_id, number)
    rule = Rule.objects.select_related("team").filter(pk=rule_id).first()
    newest = _versions(rule_id).first()
    context: dict[str, Any] = {
        "title": f"{version.state['name']}, version {number}",
        "version": version,
        "rule": rule,
        "facts": rule_facts(version.state),
        "is_newest": newest == version,
        "newest": newest,
        "until": _versions(rule_id).filter(number__gt=number).order_by("number").first(),
        "since_then": differences(version.state, newest.state) if newest else [],
        "may_change": _may_change(request, rule),
    }
    return render_page(request, "alerts/rule_version.html", context)


@portal_page
@require_POST
def restore(request: HttpRequest, rule_id: int, number: int) -> HttpResponse:
    """Make the rule again what it was then."""
    version = _version(rule_id, number)
    rule = Rule.objects.select_related("team").filter(pk=rule_id).first()
    if rule is None:
        raise Http404("the rule was deleted")
    if not _may_change(request, rule):
        raise PermissionDenied("Only administrators of the rule's team may restore it.")
    try:
        changed = restore_rule(
            rule,
            version,
            own=lambda wanted: _may_change(request, wanted),
            actor=actor_of(request),
            now=utc_now(),
        )
    except OpsError as error:
        messages.error(request, error.message)
    else:
        said = f"It is again as in version {number}." if changed else "It was so already."
        messages.success(request, said)
    return HttpResponseRedirect(reverse("rule-versions", args=[rule_id]))


def _versions(rule_id: int) -> QuerySet[PolicyVersion]:
    return PolicyVersion.objects.filter(kind="rule", object_id=rule_id).order_by("-number")


def _version(rule_id: int, number: int) -> PolicyVersion:
    found = _versions(rule_id).filter(number=number).first()
    if found is None:
        raise Http404("no such version")
    return found


def _changes(version: PolicyVersion, earlier: PolicyVersion | None) -> list[Any]:
    return differences(earlier.state, version.state) if earlier else []

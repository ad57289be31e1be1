"""The page that shows a preview: tables, a chart a day, samples with links."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse

from alerts.change import check_rule
from alerts.chart import Pair, draw_pairs
from alerts.models import Rule, RuleAction
from alerts.policy import rule_policy
from alerts.preview import Day, preview_rule
from alerts.rule_words import rule_facts
from opsportal.accounts.pages import render_page
from opsportal.lib.errors import PayloadError
from opsportal.lib.times import utc_now

SPANS = (1, 7, 30)
# Of the form that asks, and of no use when it is asked again.
_NOT_KEPT = frozenset({"days", "csrfmiddlewaretoken"})


def show_preview(
    request: HttpRequest,
    rule: Rule,
    actions: Sequence[RuleAction] | None,
    complaints: Sequence[tuple[str, Any]],
) -> HttpResponse:
    """The preview of a rule that is not stored; `actions` is None where the form is not right."""
    days = next((span for span in SPANS if request.POST.get("days") == str(span)), 7)
    context: dict[str, Any] = {
        "title": f"Preview of {rule.name or 'a new rule'}",
        "rule": rule,
        "days": days,
        "spans": SPANS,
        "complaints": complaints,
        "asked": [
            (name, value)
            for name, values in request.POST.lists()
            if name not in _NOT_KEPT
            for value in values
        ],
    }
    if actions is None:
        return render_page(request, "alerts/rule_preview.html", context, status=400)
    now = utc_now()
    try:
        check_rule(rule, actions)
    except PayloadError as error:
        context["complaints"] = [("", [error.message])]
        return render_page(request, "alerts/rule_preview.html", context, status=400)
    state = rule_policy(rule, actions)
    preview = preview_rule(state, rule.pk or 0, since=now - timedelta(days=days), now=now)
    context |= {
        "preview": preview,
        "chart": draw_pairs(_pairs(preview.days)),
        "facts": rule_facts(state),
        "search": urlencode({"q": rule.match, "status": "", "since": f"{days}d"}),
        "quiet": [row for row in preview.channels if row.messages_with == row.messages_without],
    }
    return render_page(request, "alerts/rule_preview.html", context)


def _pairs(days: Sequence[Day]) -> list[Pair]:
    """Messages of each day, without and with the draft."""
    every = max(1, len(days) // 8)
    return [
        Pair(
            day.messages_without,
            day.messages_with,
            f"{day.day:%d %b}" if number % every == 0 else "",
            f"{day.day}: {day.messages_without} without, {day.messages_with} with; "
            f"{day.matched} matched",
        )
        for number, day in enumerate(days)
    ]

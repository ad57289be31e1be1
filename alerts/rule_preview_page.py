"""The page that shows a preview: tables, a chart a day, samples with links."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse

from alerts.change import check_rule
from alerts.models import Rule, RuleAction
from alerts.policy import rule_policy
from alerts.preview import Day, preview_rule
from alerts.rule_words import rule_facts
from opsportal.accounts.pages import render_page
from opsportal.lib.errors import PayloadError
from opsportal.lib.times import utc_now

SPANS = (1, 7, 30)
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 720, 150, 40, 20, 10
# Of the form that asks, and of no use when it is asked again.
_NOT_KEPT = frozenset({"days", "csrfmiddlewaretoken"})


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: messages without and with the draft."""

    x: float
    width: float
    without_y: float
    without_height: float
    with_x: float
    with_y: float
    with_height: float
    day: Day
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The drawing; `lines` are (y, figure) of the grid."""

    width: int
    height: int
    base: int
    left: int
    bars: Sequence[Bar]
    lines: Sequence[tuple[float, int]]


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
        "chart": draw_days(preview.days),
        "facts": rule_facts(state),
        "search": urlencode({"q": rule.match, "status": "", "since": f"{days}d"}),
        "quiet": [row for row in preview.channels if row.messages_with == row.messages_without],
    }
    return render_page(request, "alerts/rule_preview.html", context)


def draw_days(days: Sequence[Day]) -> Chart:
    """A pair of bars a day on one base line."""
    peak = max((max(day.messages_without, day.messages_with) for day in days), default=0)
    top = _round_up(max(peak, 4))
    base = _HEIGHT - _BOTTOM
    scale = (base - _TOP) / top
    slot = (_WIDTH - _LEFT) / max(len(days), 1)
    width = round(min(slot * 0.38, 40), 1)
    every = max(1, len(days) // 8)
    bars = []
    for number, day in enumerate(days):
        middle = _LEFT + (number + 0.5) * slot
        before, after = day.messages_without * scale, day.messages_with * scale
        bars.append(
            Bar(
                x=round(middle - width - 0.5, 1),
                width=width,
                without_y=round(base - before, 1),
                without_height=round(before, 1),
                with_x=round(middle + 0.5, 1),
                with_y=round(base - after, 1),
                with_height=round(after, 1),
                day=day,
                label=f"{day.day:%d %b}" if number % every == 0 else "",
            )
        )
    lines = [(round(base - part * top / 2 * scale, 1), part * top // 2) for part in (0, 1, 2)]
    return Chart(_WIDTH, _HEIGHT, base, _LEFT, bars, lines)


def _round_up(figure: int) -> int:
    """The next 2, 4, 6 or 10 of the decade."""
    step = 1
    while True:
        for factor in (2, 4, 6, 10):
            if factor * step >= figure:
                return factor * step
        step *= 10

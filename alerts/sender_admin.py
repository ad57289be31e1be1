"""The admin pages of senders: who was heard, how much, and who fell silent."""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from alerts.chart import Pair, draw_pairs
from alerts.format_filter import FormatFilter, format_label
from alerts.models import RawDelivery, Sender
from alerts.senders import HOURS, SenderFigures, sender_figures
from alerts.templatetags.portal import ago
from opsportal.lib.admin import ReadOnlyAdmin, display, register
from opsportal.lib.contracts import Format
from opsportal.lib.registry import known_formats
from opsportal.lib.times import utc_now

_STATE_LABELS = {"heard": "success", "failing": "warning", "silent": "danger"}
_LATEST = 10
# Of a bar in the list, in pixels.
_BAR, _TALL = 4, 20


class _WithFigures:
    """A page of the list, whose senders know how they are doing."""

    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        """One query for all of the page."""
        super().get_results(request)  # type: ignore[misc]
        self.result_list = list(self.result_list)
        figures = sender_figures(self.result_list, now=utc_now())
        for found in self.result_list:
            found.figures = figures[found.pk]


@register(Sender)
class SenderAdmin(ReadOnlyAdmin):
    """Keys at doors, the last heard first."""

    when_empty = (
        "Whoever sends with an API key appears here within seconds of its first request. "
        "docs/senders.md says which address takes what."
    )
    list_display = ["sender", "state", "heard", "rate", "day", "failed", "error_cut", "whence"]
    list_select_related = ["key__team"]
    list_filter = [FormatFilter, "key__team"]
    search_fields = ["key__name", "key__prefix", "agent"]
    list_fullwidth = True
    sortable_by = ()
    ordering = ["-last_seen_at", "-id"]
    change_form_template = "alerts/sender_page.html"

    class Media:
        css = {"all": ["opsportal/senders.css"]}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        """The list, with the figures of each."""
        return type("SenderList", (_WithFigures, super().get_changelist(request, **kwargs)), {})

    @display(description="sender")
    def sender(self, sender: Sender) -> SafeString:
        """The key, the contract that it speaks, and its team."""
        facts = [sender.key.prefix, format_label(sender.format), str(sender.key.team or "")]
        below = ", ".join(filter(None, facts))
        cell = '<span class="ops-cell">{}<small>{}</small></span>'
        return format_html(cell, sender.key.name, below)

    @display(description="state", label=_STATE_LABELS)
    def state(self, sender: Any) -> str:
        """Whether it is as ever."""
        return state_of(sender, sender.figures)

    @display(description="last heard")
    def heard(self, sender: Sender) -> SafeString:
        """How long ago."""
        return format_html("<span>{} ago</span>", ago(sender.last_seen_at))

    @display(description="last hour")
    def rate(self, sender: Any) -> int:
        """Requests."""
        rate: int = sender.figures.rate
        return rate

    @display(description="last 24 hours")
    def day(self, sender: Any) -> SafeString:
        """Requests and failures of each hour, as bars."""
        return draw_bars(sender.figures)

    @display(description="failed")
    def failed(self, sender: Any) -> str:
        """Requests of the last day that failed; nothing where none did."""
        return str(sender.figures.failed or "")

    @display(description="last error")
    def error_cut(self, sender: Sender) -> SafeString | str:
        """The beginning of it."""
        text = sender.last_error[:160]
        return format_html('<span class="ops-cell is-error">{}</span>', text) if text else ""

    @display(description="from")
    def whence(self, sender: Sender) -> SafeString:
        """Address and user agent of the last request."""
        cell = '<span class="ops-cell is-from">{}<small>{}</small></span>'
        return format_html(cell, sender.address or "", sender.agent[:40])

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, obj: Any = None, **kwargs: Any
    ) -> HttpResponse:
        """With the chart and what came in lately."""
        if obj is not None:
            context = {**context, **_page(obj, utc_now())}
        answer: HttpResponse = super().render_change_form(
            request, context, *args, obj=obj, **kwargs
        )
        return answer


def state_of(sender: Sender, figures: SenderFigures) -> str:
    """In a word."""
    if sender.key.revoked_at is not None:
        return "key revoked"
    if figures.silent:
        return "silent"
    if figures.failures[-1]:
        return "failing"
    return "heard" if any(figures.requests) else "not today"


def draw_bars(figures: SenderFigures) -> SafeString:
    """The last 24 hours in the width of a column."""
    peak = max([*figures.requests, 1])
    bars = [
        {
            "x": place * _BAR,
            "height": round(_TALL * requests / peak, 1) if requests else 0,
            "failed": round(_TALL * figures.failures[place] / peak, 1),
        }
        for place, requests in enumerate(figures.requests)
    ]
    total, failed = sum(figures.requests), figures.failed
    title = f"{total} requests in 24 hours, {failed} failed; {peak} in the busiest hour"
    context = {"bars": bars, "width": HOURS * _BAR, "height": _TALL, "bar_width": _BAR - 1}
    return render_to_string("alerts/sender_bars.html", {**context, "title": title})


def _page(sender: Sender, now: datetime) -> dict[str, Any]:
    figures = sender_figures([sender], now=now)[sender.pk]
    hours = [now - timedelta(hours=HOURS - place) for place in range(HOURS)]
    pairs = [
        Pair(
            requests,
            failures,
            f"{start:%H:%M}" if place % 4 == 0 else "",
            f"from {start:%H:%M}: {requests} requests, {failures} failed",
        )
        for place, (start, requests, failures) in enumerate(
            zip(hours, figures.requests, figures.failures, strict=True)
        )
    ]
    mine = RawDelivery.objects.filter(key=sender.key_id, format=sender.format)
    latest = mine.defer("body", "headers").order_by("-id")[:_LATEST]
    return {
        "door": format_label(sender.format),
        "keeps_all": known_formats().get(sender.format, Format).keeps_all,
        "figures": figures,
        "state": state_of(sender, figures),
        "chart": draw_pairs(pairs),
        "latest": list(latest),
    }

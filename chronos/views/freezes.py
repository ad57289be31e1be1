"""The page of freezes: what holds now, what comes, and who began something all the same."""

import re
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from chronos.freezes import Frozen, freeze_intervals, load_freezes
from chronos.models import Violation
from chronos.views.freeze_calendar import (
    Month,
    draw_month,
    first_of_each,
    list_broken,
    list_entries,
)
from opsportal.accounts.pages import portal_page, render_page
from opsportal.lib.errors import PayloadError
from opsportal.lib.times import EARLIEST, LATEST, utc_now
from opsportal.lib.windows import zone_of

NEXT, SOON = 8, timedelta(days=62)
MOST_VIOLATIONS, LISTED, MOST_IN_AGENDA = 500, 30, 25
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)


@portal_page
@require_safe
def show_freezes(request: HttpRequest) -> HttpResponse:
    """A month of freezes; three queries of its own at most."""
    now = utc_now()
    zone = _zone(request.GET.get("zone", ""))
    month = _month(request.GET.get("month", ""), zone, now)
    freezes = load_freezes()
    start, end = month.instant(month.days[0]), month.instant(month.days[-1] + timedelta(days=1))
    intervals = freeze_intervals(start, end, freezes)
    coming = freeze_intervals(now, now + SOON, freezes)
    violations = list(Violation.objects.filter(at__gte=start, at__lt=end)[:MOST_VIOLATIONS])
    broken = list_broken(violations, zone)
    agenda = _agenda(intervals, month, now)
    following = first_of_each(found for found in coming if found.since > now)
    context = {
        "title": "Freezes",
        "month": month.first,
        "zone": zone.key,
        "zones": sorted(available_timezones()),
        "weeks": draw_month(month, intervals, violations, now),
        "agenda": list_entries(agenda[:MOST_IN_AGENDA], zone, now),
        "more_in_agenda": max(0, len(agenda) - MOST_IN_AGENDA),
        "holding": list_entries([found for found in coming if found.since <= now], zone, now),
        "coming": list_entries(following[:NEXT], zone, now),
        "broken": broken[:LISTED],
        "more_broken": max(0, len(broken) - LISTED),
        "any": bool(freezes),
        "links": _links(month),
        "may_add": request.user.has_perm("chronos.add_freeze"),
    }
    return render_page(request, "chronos/freezes.html", context)


def _agenda(intervals: list[Frozen], month: Month, now: datetime) -> list[Frozen]:
    """Those of the month itself; of the present one, what is not over."""
    start, end = month.instant(month.first), month.instant(month.following)
    if start <= now < end:
        start = now
    return [found for found in intervals if found.since < end and found.until > start]


def _zone(text: str) -> ZoneInfo:
    try:
        return zone_of(text or "UTC")
    except PayloadError:
        return zone_of("UTC")


def _month(text: str, zone: ZoneInfo, now: datetime) -> Month:
    """The month that is asked for, or the present one."""
    found = _MONTH.fullmatch(text)
    if found:
        year, number = int(found[1]), int(found[2])
        if EARLIEST.year < year < LATEST.year and 1 <= number <= 12:
            return Month(year, number, zone)
    today = now.astimezone(zone)
    return Month(today.year, today.month, zone)


def _links(month: Month) -> dict[str, str]:
    def link(day: date | None) -> str:
        query: dict[str, Any] = {"month": f"{day:%Y-%m}"} if day else {}
        if month.zone.key != "UTC":
            query["zone"] = month.zone.key
        return f"?{urlencode(query)}"

    before = month.first - timedelta(days=1)
    return {"before": link(before), "now": link(None), "after": link(month.following)}

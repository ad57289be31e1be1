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
from chronos.views.freeze_calendar import Month, draw_month, list_entries, say_wall
from opsportal.accounts.pages import portal_page, render_page
from opsportal.lib.errors import PayloadError
from opsportal.lib.times import EARLIEST, LATEST, utc_now
from opsportal.lib.windows import zone_of

NEXT, SOON = 8, timedelta(days=62)
MOST_VIOLATIONS, LISTED = 500, 30
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
    context = {
        "title": "Freezes",
        "month": month.first,
        "zone": zone.key,
        "zones": sorted(available_timezones()),
        "weeks": draw_month(month, intervals, violations, now),
        "agenda": list_entries(_inside(intervals, month), zone, now),
        "holding": list_entries([found for found in coming if found.since <= now], zone, now),
        "coming": list_entries([found for found in coming if found.since > now][:NEXT], zone, now),
        "violations": [(found, say_wall(found.at, zone)) for found in violations[:LISTED]],
        "more_violations": max(0, len(violations) - LISTED),
        "any": bool(freezes),
        "links": _links(month),
        "may_add": request.user.has_perm("chronos.add_freeze"),
    }
    return render_page(request, "chronos/freezes.html", context)


def _inside(intervals: list[Frozen], month: Month) -> list[Frozen]:
    """Those of the month itself."""
    start, end = month.instant(month.first), month.instant(month.following)
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

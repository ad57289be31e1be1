"""Who is on call: the board, the page of one schedule, and taking over."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST, require_safe

from alerts.change.calendars import import_calendar
from alerts.change.oncall import (
    delete_override,
    layer_drafts,
    renew_feed,
    save_override,
)
from alerts.models import Override, Schedule
from alerts.oncall.board import feed_token, may_override, read_board, shifts_of
from alerts.oncall.load import load_roster
from alerts.oncall.words import parse_wall, write_rotation, write_wall
from alerts.views.oncall_calendar import Frame, colours_of, draw_weeks, monday_of
from alerts.views.rows import number_of
from opsportal.accounts.actors import actor_of
from opsportal.accounts.models import User
from opsportal.accounts.pages import portal_page, render_page
from opsportal.accounts.permissions import can_administer, can_respond
from opsportal.lib.errors import FieldError, OpsError, PayloadError
from opsportal.lib.times import utc_now
from opsportal.lib.windows import instant_of, zone_of

# Weeks that are shown: a fortnight, or what covers every month.
FORTNIGHT, MONTH = 2, 6
MOST_SCHEDULES, MOST_OVERRIDES = 500, 50


@portal_page
@require_safe
def show_board(request: HttpRequest) -> HttpResponse:
    """Who is on call now and next on every schedule, and my own next shifts."""
    now = utc_now()
    schedules = Schedule.objects.select_related("team").defer("ical_url")[:MOST_SCHEDULES]
    posts = read_board(schedules, now=now)
    mine = shifts_of(request.user, now=now) if isinstance(request.user, User) else []
    context = {
        "title": "On call",
        "posts": posts,
        "mine": [(found, shift, zone_of(found.zone)) for found, shift in mine],
        "now": now,
        "may_add": request.user.has_perm("alerts.add_schedule"),
    }
    return render_page(request, "alerts/oncall.html", context)


@portal_page
@require_safe
def show_schedule(request: HttpRequest, schedule_id: int) -> HttpResponse:
    """One schedule: who is on call, a calendar, what feeds it, and the form to take over."""
    now = utc_now()
    schedule = get_object_or_404(Schedule.objects.select_related("team"), pk=schedule_id)
    frame = _frame(request, schedule, now)
    roster = load_roster([schedule], frame.start, frame.end)
    [post] = read_board([schedule], now=now)
    layers = layer_drafts(schedule)
    coming = Override.objects.filter(schedule=schedule, ends_at__gt=now).select_related("user")
    context = {
        "title": f"On call: {schedule.name}",
        "schedule": schedule,
        "post": post,
        "frame": frame,
        "zone": frame.zone,
        "zones": sorted(available_timezones()),
        "weeks": draw_weeks(roster, roster.plans[schedule.pk], frame, now),
        "people": [(roster.people[pk], colour) for pk, colour in colours_of(roster.people).items()],
        "links": _links(frame, schedule, now),
        "layers": [
            (layer, write_rotation(layer.length, layer.unit), write_wall(layer.starts_at))
            for layer in reversed(layers)
        ],
        "overrides": [
            (found, may_override(request, schedule, found.user_id))
            for found in coming.order_by("starts_at", "pk")[:MOST_OVERRIDES]
        ],
        "fed": bool(schedule.ical_url),
        **_rights(request, schedule),
        "next": request.get_full_path(),
        "now": now,
    }
    return render_page(request, "alerts/schedule.html", context)


def _frame(request: HttpRequest, schedule: Schedule, now: datetime) -> Frame:
    """What is to be shown; what cannot be is told, and the default is shown."""
    zone = zone_of(schedule.zone)
    try:
        if name := request.GET.get("zone", ""):
            zone = zone_of(name)
        first = monday_of(now, zone)
        if text := request.GET.get("start", ""):
            first = _monday(text, zone)
    except PayloadError as error:
        messages.error(request, error.message)
        first = monday_of(now, zone)
    return Frame(first, MONTH if request.GET.get("weeks") == "6" else FORTNIGHT, zone)


def _monday(text: str, zone: ZoneInfo) -> date:
    wall = parse_wall(text[:10])
    return monday_of(instant_of(wall.replace(hour=12), zone), zone)


def _links(frame: Frame, schedule: Schedule, now: datetime) -> Mapping[str, str]:
    """Where the calendar's own buttons lead."""
    kept = {} if frame.zone.key == schedule.zone else {"zone": frame.zone.key}

    def link(first: date, weeks: int) -> str:
        given = {"start": first.isoformat(), "weeks": str(weeks), **kept}
        if first == monday_of(now, frame.zone):
            del given["start"]
        if weeks == FORTNIGHT:
            del given["weeks"]
        return "?" + urlencode(given)

    step = frame.weeks * 7
    days = frame.first.toordinal()
    return {
        "before": link(date.fromordinal(days - step), frame.weeks),
        "today": link(monday_of(now, frame.zone), frame.weeks),
        "after": link(date.fromordinal(days + step), frame.weeks),
        "fortnight": link(frame.first, FORTNIGHT),
        "month": link(frame.first, MONTH),
    }


def _rights(request: HttpRequest, schedule: Schedule) -> dict[str, Any]:
    """What the person may do here, and the address that a calendar program may be given."""
    user = request.user
    anybody = may_override(request, schedule, None)
    candidates = []
    if anybody:
        candidates = list(User.objects.filter(is_active=True).order_by("username")[:1000])
    elif isinstance(user, User) and may_override(request, schedule, user.pk):
        candidates = [user]
    may_read = can_respond(user, schedule.team_id)
    feed = f"/api/v1/schedules/{schedule.pk}.ics?token={feed_token(schedule)}"
    return {
        "candidates": candidates,
        "feed": f"{settings.PUBLIC_URL}{feed}" if may_read else "",
        "may_edit": can_administer(user, schedule.team_id),
    }


@portal_page
@require_POST
def take_over(request: HttpRequest, schedule_id: int) -> HttpResponse:
    """`I take over from .. until ..`: an override."""
    schedule = get_object_or_404(Schedule.objects.select_related("team"), pk=schedule_id)
    user_id = number_of(request.POST.get("user", ""))
    if not may_override(request, schedule, user_id):
        raise PermissionDenied(
            "Responders of the schedule's team take over themselves; its admins name others."
        )
    try:
        override = _override(request.POST, schedule, user_id)
        save_override(override, actor=actor_of(request), now=utc_now())
        messages.success(request, f"{override.user} takes over.")
    except OpsError as error:
        messages.error(request, error.message)
    return HttpResponseRedirect(_back(request, schedule))


def _override(given: Mapping[str, str], schedule: Schedule, user_id: int | None) -> Override:
    user = User.objects.filter(pk=user_id or 0, is_active=True).first()
    if user is None:
        raise PayloadError("Choose who takes over.", [FieldError("user", "nobody")])
    zone = zone_of(given.get("zone", "") or schedule.zone)
    return Override(
        schedule=schedule,
        user=user,
        starts_at=instant_of(parse_wall(given.get("starts_at", "")), zone),
        ends_at=instant_of(parse_wall(given.get("ends_at", "")), zone),
        note=given.get("note", "").replace("\0", "").strip()[:500],
    )


@portal_page
@require_POST
def give_back(request: HttpRequest, override_id: int) -> HttpResponse:
    """Remove an override."""
    found = Override.objects.select_related("schedule__team", "user")
    override = get_object_or_404(found, pk=override_id)
    schedule = override.schedule
    if not may_override(request, schedule, override.user_id):
        raise PermissionDenied("Only whom it puts on call and the team's admins may remove it.")
    delete_override(override, actor=actor_of(request), now=utc_now())
    messages.success(request, "The override is removed.")
    return HttpResponseRedirect(_back(request, schedule))


@portal_page
@require_POST
def renew(request: HttpRequest, schedule_id: int) -> HttpResponse:
    """Give the calendar another address."""
    schedule = get_object_or_404(Schedule, pk=schedule_id)
    if not can_administer(request.user, schedule.team_id):
        raise PermissionDenied("Only the team's admins may end the calendar's address.")
    renew_feed(schedule, actor=actor_of(request), now=utc_now())
    messages.success(request, "The calendar has a new address; the old one no longer answers.")
    return HttpResponseRedirect(_back(request, schedule))


@portal_page
@require_POST
def fetch(request: HttpRequest, schedule_id: int) -> HttpResponse:
    """Import the calendar at once."""
    schedule = get_object_or_404(Schedule, pk=schedule_id)
    if not can_administer(request.user, schedule.team_id):
        raise PermissionDenied("Only the team's admins may import the calendar.")
    if schedule.ical_url and import_calendar(schedule, now=utc_now()):
        messages.success(request, "The calendar is imported.")
    else:
        messages.error(request, schedule.ical_error or "The schedule has no calendar.")
    return HttpResponseRedirect(_back(request, schedule))


def _back(request: HttpRequest, schedule: Schedule) -> str:
    back = request.POST.get("next", "")
    return back if back.startswith(schedule.get_absolute_url()) else schedule.get_absolute_url()

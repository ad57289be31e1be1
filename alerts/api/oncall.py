"""Who is on call: schedules with their shifts, overrides, calendars, and escalations."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import NotFound
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from alerts.api.oncall_shapes import (
    EscalationSerializer,
    OverrideBody,
    OverrideSerializer,
    PostSerializer,
    ScheduleDetailSerializer,
    ScheduleSerializer,
    describe_post,
    describe_schedule,
    describe_shift,
)
from alerts.api.read import parse_id
from alerts.change.oncall import save_override
from alerts.models import Escalation, Override, Schedule
from alerts.oncall.board import feed_token_fits, may_override, read_board
from alerts.oncall.ical import write_calendar
from alerts.oncall.load import load_roster
from alerts.oncall.shifts import final_shifts
from opsportal.accounts.actors import actor_of
from opsportal.accounts.permissions import scoped
from opsportal.lib.api import KeysetPagination, parse_time_range
from opsportal.lib.errors import FieldError, ForbiddenError, PayloadError
from opsportal.lib.times import utc_now

MOST_SCHEDULES = 500
LONGEST_RANGE = timedelta(days=400)
SHOWN_BY_DEFAULT = timedelta(days=14)
FEED_BEFORE, FEED_AHEAD = timedelta(days=30), timedelta(days=120)
SCHEDULE_ID = OpenApiParameter("schedule_id", OpenApiTypes.INT64, OpenApiParameter.PATH)


def find_schedule(text: str) -> Schedule:
    """The schedule of the id in a URL. Raises NotFound."""
    gone = NotFound("There is no such schedule.")
    try:
        found = Schedule.objects.select_related("team").filter(pk=parse_id(text)).first()
    except NotFound:
        raise gone from None
    if found is None:
        raise gone
    return found


class BoardSerializer(serializers.Serializer[Any]):
    """All schedules."""

    results = PostSerializer(many=True)


class OnCallView(APIView):
    """Who is on call."""

    permission_classes = [scoped("alerts:read")]

    @extend_schema(summary="Who is on call now and next", responses=BoardSerializer)
    def get(self, request: Request) -> Response:
        """Every schedule with who is on call, until when, and who comes next."""
        schedules = Schedule.objects.select_related("team").defer("ical_url")[:MOST_SCHEDULES]
        posts = read_board(schedules, now=utc_now())
        return Response({"results": [describe_post(post) for post in posts]})


@extend_schema(summary="The schedules", responses=ScheduleSerializer(many=True))
class ScheduleList(generics.ListAPIView[Schedule]):
    """The schedules, without the addresses of their calendars."""

    permission_classes = [scoped("alerts:read")]
    serializer_class = ScheduleSerializer
    pagination_class = KeysetPagination
    queryset = Schedule.objects.select_related("team").defer("ical_url")


class ScheduleDetail(APIView):
    """One schedule with its shifts."""

    permission_classes = [scoped("alerts:read")]

    @extend_schema(
        summary="One schedule with its layers and shifts",
        parameters=[
            SCHEDULE_ID,
            OpenApiParameter("from", str, description="RFC 3339; now when absent."),
            OpenApiParameter("until", str, description="RFC 3339; 14 days later when absent."),
        ],
        responses=ScheduleDetailSerializer,
    )
    def get(self, request: Request, schedule_id: str) -> Response:
        """Show a schedule and who is on call between the two times."""
        schedule = find_schedule(schedule_id)
        start, end = _range(request, utc_now())
        roster = load_roster([schedule], start, end)
        shifts = final_shifts(roster.plans[schedule.pk], start, end)
        told: Any = describe_schedule(schedule) | {
            "start": start,
            "end": end,
            "shifts": [describe_shift(shift, roster.people) for shift in shifts],
        }
        return Response(ScheduleDetailSerializer(told).data)


def _range(request: Request, now: datetime) -> tuple[datetime, datetime]:
    params = request.query_params.dict()
    given_start, given_end = parse_time_range(params, now=now, since="from")
    start = given_start or (given_end - SHOWN_BY_DEFAULT if given_end else now)
    end = given_end or start + SHOWN_BY_DEFAULT
    if end - start > LONGEST_RANGE:
        message = f"at most {LONGEST_RANGE.days} days after from"
        raise PayloadError(f"until: {message}", [FieldError("until", message)])
    return start, end


class OverrideCreate(APIView):
    """Somebody takes over."""

    permission_classes = [scoped("alerts:respond")]

    @extend_schema(
        operation_id="schedules_override",
        summary="Take over for a while",
        parameters=[SCHEDULE_ID],
        request=OverrideBody,
        responses={201: OverrideSerializer},
    )
    def post(self, request: Request, schedule_id: str) -> Response:
        """Put somebody on call for a time; of several at one time the last one made counts."""
        schedule = find_schedule(schedule_id)
        now = utc_now()
        body = OverrideBody(data=request.data, context={"now": now})
        body.is_valid(raise_exception=True)
        given = body.validated_data
        if not may_override(request, schedule, given["user"].pk):
            raise ForbiddenError(
                "Responders of the schedule's team take over themselves; its admins name others."
            )
        override = Override(schedule=schedule, **given)
        save_override(override, actor=actor_of(request), now=now)
        return Response(OverrideSerializer(override).data, status=201)


class FeedAccess(BasePermission):
    """A key or person who may read, or the token of the schedule in the address."""

    message = "This needs the scope alerts:read, or the token of the schedule's calendar."

    def has_permission(self, request: Request, view: Any) -> bool:
        """Either of them."""
        token = request.query_params.get("token", "")
        if token:
            schedule = Schedule.objects.filter(pk=view.kwargs["schedule_id"]).first()
            if schedule is not None and feed_token_fits(schedule, token):
                return True
        return scoped("alerts:read")().has_permission(request, view)


class ScheduleFeed(APIView):
    """A schedule for calendar programs, which send no headers."""

    permission_classes = [FeedAccess]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Whatever the program says it accepts: it is a calendar."""
        return super().perform_content_negotiation(request, force=True)

    @extend_schema(
        operation_id="schedules_ics",
        summary="A schedule as a calendar (iCalendar)",
        parameters=[
            SCHEDULE_ID,
            OpenApiParameter("token", str, description="From the schedule's page, for programs."),
        ],
        responses={(200, "text/calendar"): OpenApiResponse(OpenApiTypes.STR)},
    )
    def get(self, request: Request, schedule_id: int) -> HttpResponse:
        """The shifts of the past month and the next four."""
        now = utc_now()
        schedule = find_schedule(str(schedule_id))
        start = now - FEED_BEFORE
        roster = load_roster([schedule], start, now + FEED_AHEAD)
        shifts = final_shifts(roster.plans[schedule.pk], start, now + FEED_AHEAD)
        # One that began before has no start here that stays, so it would get a new UID each day.
        whole = [shift for shift in shifts if shift.start > start]
        host = urlsplit(settings.PUBLIC_URL).hostname or "opsportal"
        content = write_calendar(schedule.name, host, schedule.pk, whole, roster.people, now)
        answer = HttpResponse(content, content_type="text/calendar; charset=utf-8")
        answer["Content-Disposition"] = f'inline; filename="oncall-{schedule.pk}.ics"'
        answer["Cache-Control"] = "private, max-age=300"
        return answer


@extend_schema(
    summary="Escalations, newest first",
    parameters=[
        OpenApiParameter("progress", str, enum=Escalation.Progress.values),
        OpenApiParameter("alert", OpenApiTypes.INT64),
        OpenApiParameter("team", str, description="A team's name."),
    ],
    responses=EscalationSerializer(many=True),
)
class EscalationList(generics.ListAPIView[Escalation]):
    """Walks through escalation policies."""

    permission_classes = [scoped("alerts:read")]
    serializer_class = EscalationSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> QuerySet[Escalation]:
        """What the query parameters ask for."""
        params = self.request.query_params
        found = Escalation.objects.select_related("team", "policy", "rule", "leader")
        if progress := params.get("progress", ""):
            if progress not in Escalation.Progress.values:
                message = f"is none of {', '.join(Escalation.Progress.values)}"
                raise PayloadError(f"progress: {message}", [FieldError("progress", message)])
            found = found.filter(progress=progress)
        if alert := params.get("alert", ""):
            if not (alert.isascii() and alert.isdigit() and len(alert) < 19):
                raise PayloadError("alert: not an id", [FieldError("alert", "not an id")])
            found = found.filter(alert_id=int(alert))
        if team := params.get("team", ""):
            found = found.none() if "\0" in team else found.filter(team__name=team)
        return found

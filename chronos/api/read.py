"""Reading changes: lists, one, exports, and what is new."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from chronos.api.export import COLUMNS, export_events
from chronos.api.pages import ChangePages, read_reached, write_reached
from chronos.api.schema import EVENT_ID, EXPORT, FILTERS, FOLLOWING, INTAKE, PAGING
from chronos.api.serializers import (
    ChangePageSerializer,
    ChangeSerializer,
    NewsSerializer,
    event_as_json,
)
from chronos.api.write import ChangeUpsert
from chronos.follow import Reached, follow_events
from chronos.models import ChangeEvent
from chronos.search import EventQuery, bound_search, read_query
from opsportal.accounts.permissions import scoped
from opsportal.lib.api import parse_time
from opsportal.lib.api.files import FileView, answer_file
from opsportal.lib.times import format_instant, utc_now

# Seconds: an update is seen within one, and a follower costs two short requests a second.
WAIT = 0.5


class ChangeList(ChangeUpsert):
    """The changes, newest start first; and, by POST, the intake."""

    @extend_schema(
        operation_id="events_list",
        summary="Find changes",
        parameters=[*FILTERS, *PAGING],
        responses=ChangePageSerializer,
    )
    def get(self, request: Request) -> Response:
        """List the changes that overlap an interval, newest start first."""
        query, note = _asked_for(request)
        rows, following = ChangePages().page(query, request)
        return Response(
            {
                "results": [event_as_json(event) for event in rows],
                "next": following,
                "since": query.since and format_instant(query.since),
                "until": query.until and format_instant(query.until),
                "note": note,
            }
        )

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """A POST is not this framework's: the intake is a plain view, because it must be fast."""
        if request.method == "POST":
            return _take_in(request)
        return super().dispatch(request, *args, **kwargs)

    @extend_schema(summary="Report a change, or an array of them", **INTAKE)
    def post(self, request: Request) -> HttpResponseBase:
        """Report one change, or up to 10,000 as an array; `dispatch` hands it over."""
        return _take_in(request._request)


class ChangeDetail(APIView):
    """One change."""

    permission_classes = [scoped("events:read")]

    @extend_schema(summary="One change", parameters=[EVENT_ID], responses=ChangeSerializer)
    def get(self, request: Request, event_id: str) -> Response:
        """Show a change."""
        known = event_id.isascii() and event_id.isdigit() and len(event_id) < 19
        event = ChangeEvent.objects.filter(pk=int(event_id)).first() if known else None
        if event is None:
            raise NotFound("There is no such change.")
        return Response(event_as_json(event))


class ChangeExport(FileView):
    """All that fits, as a file."""

    permission_classes = [scoped("events:read")]

    @extend_schema(summary="Export changes", **EXPORT)
    def get(self, request: Request, form: str) -> HttpResponseBase:
        """Export what fits, newest start first, as CSV or JSON Lines."""
        query, note = _asked_for(request)
        answer = answer_file("changes", form, COLUMNS, export_events(query))
        if note:
            answer["X-Note"] = note
        return answer


class ChangeNews(APIView):
    """For followers: what is new, without holding a connection."""

    permission_classes = [scoped("events:read")]

    @extend_schema(
        operation_id="events_stream",
        summary="Follow changes",
        parameters=FOLLOWING,
        responses=NewsSerializer,
    )
    def get(self, request: Request) -> Response:
        """Show what was heard or updated since; ask again at `next`, after `wait` seconds."""
        now = utc_now()
        params = request.query_params
        given = {name: values for name, values in params.lists() if name not in ("since", "until")}
        if cursor := params.get("cursor"):
            reached = read_reached(cursor)
        else:
            since = params.get("since")
            reached = Reached(parse_time(since, now=now, field="since") if since else now)
        limit = ChangePages().limit(request)
        news = follow_events(read_query(given, now=now), reached, limit, now=now)
        here = request.build_absolute_uri()
        return Response(
            {
                "results": [event_as_json(event) for event in news.events],
                "next": replace_query_param(here, "cursor", write_reached(news.reached)),
                "wait": 0.0 if news.more else WAIT,
            }
        )


def _asked_for(request: Request) -> tuple[EventQuery, str]:
    """The query, and what of it nobody asked for."""
    now = utc_now()
    given = read_query(dict(request.query_params.lists()), now=now)
    query = bound_search(given, now=now)
    if query is given:
        return query, ""
    return query, "This was looked for in the last 90 days; say `since` for more."


def _take_in(request: HttpRequest) -> HttpResponseBase:
    """As the doors of the app above do."""
    answer: HttpResponseBase = import_string(settings.INTAKE_VIEW)(request)
    return answer

"""Expiries for calendar programs, which send no headers of their own."""

import re
from datetime import timedelta
from hashlib import blake2b
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from certs.api.certificates import PARAMETERS, query_of
from certs.feed import MOST_EVENTS, feed_query, feed_token_fits, write_calendar
from certs.search import FILTERS, page_of_certificates
from certs.search.refuse import refused
from opsportal.accounts.authentication import ForeignKeyAuthentication
from opsportal.accounts.models import User
from opsportal.accounts.permissions import can_view, scoped

_ALARM = re.compile(r"(\d{1,3})([dhw])", re.ASCII)
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


class FeedAccess(BasePermission):
    """A key or person who may read, or the token of these filters in the address."""

    message = "This needs the scope certs:read, or the token of the calendar."

    def has_permission(self, request: Request, view: Any) -> bool:
        """Either of them."""
        token, person = (request.query_params.get(name, "") for name in ("token", "person"))
        if token and person.isascii() and person.isdigit() and len(person) < 19:
            user = User.objects.filter(pk=int(person), is_active=True).first()
            given = {name: request.query_params.getlist(name) for name in FILTERS}
            if user and can_view(user) and feed_token_fits(user, feed_query(given), token):
                return True
        return scoped("certs:read")().has_permission(request, view)


class ExpiryCalendar(APIView):
    """What expires, as a calendar."""

    # Basic with a key as the password, too.
    authentication_classes = [ForeignKeyAuthentication, SessionAuthentication]
    permission_classes = [FeedAccess]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Whatever the program says it accepts: it is a calendar."""
        return super().perform_content_negotiation(request, force=True)

    @extend_schema(
        operation_id="certs_calendar",
        summary="Expiries as a calendar (iCalendar)",
        parameters=[
            *PARAMETERS,
            OpenApiParameter("all_day", bool, description="Days instead of instants."),
            OpenApiParameter("alarm", str, description="So long before each, such as 7d."),
            OpenApiParameter("person", int, description="From the list's page, for programs."),
            OpenApiParameter("token", str, description="The same."),
        ],
        responses={(200, "text/calendar"): OpenApiResponse(OpenApiTypes.STR)},
    )
    def get(self, request: Request) -> HttpResponseBase:
        """An event for each certificate that fits, with a UID that stays."""
        rows, _ = page_of_certificates(query_of(request), MOST_EVENTS)
        all_day = request.query_params.get("all_day", "")
        if all_day not in ("", "true", "false"):
            raise refused("all_day", "true or false")
        content = write_calendar(
            rows, all_day=all_day == "true", alarm=_alarm(request.query_params.get("alarm", ""))
        )
        tag = f'"{blake2b(content, digest_size=12).hexdigest()}"'
        answer = HttpResponse(
            content,
            content_type="text/calendar; charset=utf-8",
            headers={
                "Content-Disposition": 'inline; filename="certificates.ics"',
                "Cache-Control": "private, max-age=300",
                "ETag": tag,
            },
        )
        return get_conditional_response(request._request, etag=tag, response=answer) or answer


def _alarm(text: str) -> timedelta | None:
    if not text:
        return None
    found = _ALARM.fullmatch(text)
    if found is None:
        raise refused("alarm", "a span such as 7d, 12h or 2w")
    return int(found[1]) * _UNITS[found[2]]

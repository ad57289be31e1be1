"""Reading alerts."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from alerts.api.schema import INTAKE
from alerts.api.serializers import AlertDetailSerializer, AlertSerializer
from alerts.intake_views import intake_view
from alerts.models import Alert, Notification, Transition
from alerts.search import STATES, STATUSES, read_query, search_alerts
from opsportal.accounts.permissions import scoped
from opsportal.lib.api import KeysetPagination
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.times import utc_now

# How much of its story an alert shows; flapping ones have more than anybody reads.
MOST_TOLD = 500
_TRUTH = {"true": True, "1": True, "false": False, "0": False}

ALERT_ID = OpenApiParameter("alert_id", OpenApiTypes.INT64, OpenApiParameter.PATH)
FILTERS = [
    OpenApiParameter("status", str, enum=list(STATUSES)),
    OpenApiParameter(
        "state", str, enum=list(STATES), description="What holds it back or marks it."
    ),
    OpenApiParameter("open", bool, description="Shorthand: open episodes, or resolved ones."),
    OpenApiParameter("severity", str, description="One, or several with commas."),
    OpenApiParameter("name", str),
    OpenApiParameter("source", str),
    OpenApiParameter("service", str),
    OpenApiParameter("environment", str),
    OpenApiParameter("region", str),
    OpenApiParameter("team", str, description="A team's name; `-` for none."),
    OpenApiParameter("assignee", str, description="A username; `-` for nobody."),
    OpenApiParameter("match", str, description='Matchers: `{severity=~"critical|high"}`.'),
    OpenApiParameter("since", str, description="First received at or after: RFC 3339, or `24h`."),
    OpenApiParameter("until", str, description="First received before: RFC 3339, or `24h`."),
]


def parse_id(text: str) -> int:
    """The id of an alert from its URL. Raises NotFound for what cannot be one."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise NotFound("There is no such alert.")
    return int(text)


def find_alert(alert_id: int) -> Alert:
    """The alert with what a row of a list shows. Raises NotFound."""
    alert = Alert.objects.select_related("team", "assignee").filter(pk=alert_id).first()
    if alert is None:
        raise NotFound("There is no such alert.")
    return alert


class AlertList(generics.ListAPIView[Alert]):
    """The episodes, newest first; and, by POST, the intake."""

    permission_classes = [scoped("alerts:read")]
    serializer_class = AlertSerializer
    pagination_class = KeysetPagination

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """A POST is not this framework's: the intake is a plain view, because it must be fast."""
        if request.method == "POST":
            return intake_view(request)
        return super().dispatch(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Alert]:
        """What the query parameters ask for."""
        return _asked_for(self.request.query_params).select_related("team", "assignee")

    @extend_schema(summary="Find alerts", parameters=FILTERS, responses=AlertSerializer(many=True))
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List alerts, newest first."""
        return super().get(request, *args, **kwargs)

    @extend_schema(summary="Send an alert, or an array of them", **INTAKE)
    def post(self, request: Request) -> HttpResponseBase:
        """Post one alert, or many as an array; `dispatch` hands it over."""
        return intake_view(request._request)


def _asked_for(params: QueryDict) -> QuerySet[Alert]:
    found = search_alerts(read_query(dict(params.lists()), now=utc_now()))
    if given := params.get("open", ""):
        if given.lower() not in _TRUTH:
            message = "must be true or false"
            raise PayloadError(f"open: {message}", [FieldError("open", message)])
        found = found.filter(resolved_at__isnull=_TRUTH[given.lower()])
    return found


class AlertDetail(APIView):
    """One episode with its story."""

    permission_classes = [scoped("alerts:read")]

    @extend_schema(
        summary="One alert with its story", parameters=[ALERT_ID], responses=AlertDetailSerializer
    )
    def get(self, request: Request, alert_id: str) -> Response:
        """Show an alert, what became of it, who was told and with what answer."""
        alert = find_alert(parse_id(alert_id))
        return Response(AlertDetailSerializer(_with_story(alert)).data)


def _with_story(alert: Alert) -> Alert:
    transitions = Transition.objects.filter(alert=alert).select_related("decision")
    told = (
        Notification.objects.filter(alert=alert)
        .select_related("channel", "rule")
        .defer("channel__settings")  # secrets: not needed, so not even decrypted
        .prefetch_related("delivery_attempts")
    )
    alert.story = list(transitions.order_by("-id")[:MOST_TOLD])[::-1]  # type: ignore[attr-defined]
    alert.told = list(told.order_by("-id")[:MOST_TOLD])[::-1]  # type: ignore[attr-defined]
    return alert

"""Acting on alerts: each view parses, calls the deed and answers with the alert."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from alerts.act import ACTIONS, act_on_alerts
from alerts.api.bodies import BODIES, BulkBody, NoteBody
from alerts.api.read import ALERT_ID, find_alert, parse_id
from alerts.api.schema import CONFLICT
from alerts.api.serializers import AlertSerializer
from alerts.models import Alert
from opsportal.accounts.actors import actor_of
from opsportal.accounts.permissions import request_can_respond, scoped
from opsportal.lib.errors import ConflictError, ForbiddenError
from opsportal.lib.times import utc_now


class BulkResultSerializer(serializers.Serializer[Any]):
    """What came of the action on one alert."""

    id = serializers.IntegerField()
    outcome = serializers.ChoiceField(["done", "conflict", "invalid", "not_found", "forbidden"])
    message = serializers.CharField(allow_blank=True)


class BulkAnswerSerializer(serializers.Serializer[Any]):
    """One result per id, in the order asked."""

    results = BulkResultSerializer(many=True)


class AlertAction(APIView):
    """One action on one alert; the URL says which by `action`."""

    permission_classes = [scoped("alerts:respond")]
    action = ""

    def post(self, request: Request, alert_id: str) -> Response:
        """Do it. A redundant action is a conflict that shows the alert as it is."""
        alert = find_alert(parse_id(alert_id))
        if not request_can_respond(request, alert.team_id):
            raise ForbiddenError("This alert is another team's.")
        body = BODIES.get(self.action, NoteBody)(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            ACTIONS[self.action](
                alert.pk, actor=actor_of(request), now=utc_now(), **_arguments(body.validated_data)
            )
        except ConflictError as error:
            state = AlertSerializer(find_alert(alert.pk)).data
            return Response({**error.as_json(), "alert": state}, status=error.status)
        except Alert.DoesNotExist:
            raise NotFound("There is no such alert.") from None
        return Response(AlertSerializer(find_alert(alert.pk)).data)


def _arguments(given: dict[str, Any]) -> dict[str, Any]:
    """The body's fields by the deeds' names for them."""
    names = {"user": "user_id", "text": "note"}
    return {names.get(name, name): value for name, value in given.items()}


def action_view(action: str, summary: str) -> Callable[..., Any]:
    """The view of one action, described for the schema."""
    described = extend_schema(
        operation_id=f"alerts_{action}",
        summary=summary,
        parameters=[ALERT_ID],
        request=BODIES.get(action, NoteBody),
        responses={200: AlertSerializer, 409: CONFLICT},
    )
    view: Any = type(f"{action.title()}Alert", (AlertAction,), {"action": action})
    answering: Callable[..., Any] = extend_schema_view(post=described)(view).as_view()
    return answering


class BulkAction(APIView):
    """One action on many alerts."""

    permission_classes = [scoped("alerts:respond")]

    @extend_schema(
        operation_id="alerts_bulk",
        summary="One action on many alerts",
        request=BulkBody,
        responses=BulkAnswerSerializer,
    )
    def post(self, request: Request) -> Response:
        """Act on up to 1000 alerts; each has its own result."""
        body = BulkBody(data=request.data)
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        action, ids = given.pop("action"), list(dict.fromkeys(given.pop("ids")))
        wanted = BODIES.get(action, NoteBody)().fields
        teams = dict(Alert.objects.filter(pk__in=ids).values_list("pk", "team_id"))
        allowed = {pk for pk, team in teams.items() if request_can_respond(request, team)}
        done = act_on_alerts(
            action,
            [pk for pk in ids if pk in allowed],
            actor=actor_of(request),
            now=utc_now(),
            **_arguments({name: given[name] for name in given if name in wanted}),
        )
        results = {pk: (outcome, message) for pk, outcome, message in done}
        for pk in ids:
            if pk not in teams:
                results[pk] = ("not_found", "There is no such alert.")
            elif pk not in allowed:
                results[pk] = ("forbidden", "This alert is another team's.")
        rows = [{"id": pk, "outcome": results[pk][0], "message": results[pk][1]} for pk in ids]
        return Response({"results": rows})

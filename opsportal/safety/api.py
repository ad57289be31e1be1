"""The state of the kill switch and the locks, and the one thing that a key may do: stop."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from opsportal.accounts.actors import actor_of
from opsportal.accounts.permissions import scoped
from opsportal.lib.times import utc_now
from opsportal.safety.leash import leashed
from opsportal.safety.models import Leash
from opsportal.safety.stop import read_stop, stop_everything


class StopDescription(serializers.Serializer[Any]):
    """Who stopped everything, when and why; `by_file`: the file STOP is there."""

    by = serializers.CharField()
    why = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField(allow_null=True)
    by_file = serializers.BooleanField(source="file")


class LockDescription(serializers.Serializer[Any]):
    """A lock: what is not armed is only simulated."""

    name = serializers.CharField()
    armed = serializers.BooleanField()


class SafetyState(serializers.Serializer[Any]):
    """Whether everything is stopped, and which locks are open."""

    stopped = StopDescription(allow_null=True)
    locks = LockDescription(many=True)


class StopBody(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=500)


def _state() -> dict[str, Any]:
    armed = set(Leash.objects.filter(armed=True).values_list("name", flat=True))
    locks = [{"name": name, "armed": name in armed} for name in leashed()]
    return dict(SafetyState({"stopped": read_stop(), "locks": locks}).data)


class Safety(APIView):
    """The brakes as they stand."""

    permission_classes = [scoped("alerts:read")]

    @extend_schema(
        operation_id="safety",
        summary="The kill switch and the locks",
        responses=SafetyState,
        tags=["safety"],
    )
    def get(self, request: Request) -> Response:
        """Whether everything is stopped, and which locks are open."""
        return Response(_state())


class StopEverything(APIView):
    """The kill switch."""

    permission_classes = [scoped("alerts:respond")]

    @extend_schema(
        operation_id="safety_stop",
        summary="Stop everything dangerous; only a person can resume",
        request=StopBody,
        responses=SafetyState,
        tags=["safety"],
    )
    def post(self, request: Request) -> Response:
        """Pull it. Pulled already, it stays as it was."""
        body = StopBody(data=request.data)
        body.is_valid(raise_exception=True)
        reason = body.validated_data.get("reason", "")
        stop_everything(reason, actor=actor_of(request), now=utc_now())
        return Response(_state())

"""A change is put under its source and id."""

from typing import Any

from drf_spectacular.utils import extend_schema
from msgspec.structs import replace
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chronos.api.schema import BY_PATH, BY_QUERY, UPSERT
from chronos.api.serializers import ChangeSerializer, event_as_json
from chronos.api.signing import refuse_unsigned
from chronos.correct import find_change, put_change
from chronos.formats.native import answer_of
from chronos.formats.native_fields import read_named
from chronos.models import ChangeEvent
from chronos.normalise import OURS
from opsportal.accounts.actors import actor_of
from opsportal.accounts.models import ApiKey
from opsportal.accounts.permissions import ScopedByMethod
from opsportal.lib.api.parsers import JSONParser
from opsportal.lib.contracts import split_json
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.times import utc_now


class OneObject(JSONParser):
    """The text of one JSON object, which its reader decodes."""

    def decode(self, body: bytes) -> Any:
        """The text. Raises PayloadError."""
        members, many = split_json(body)
        if many:
            raise PayloadError("Put one change, not an array.", [FieldError("", "is an array")])
        return members[0]


class ChangeUpsert(ScopedByMethod, APIView):
    """A change by its source and id, in the query."""

    read_scope, write_scope = "events:read", "events:write"
    parser_classes = [OneObject]

    @extend_schema(operation_id="events_put", summary="Put a change", parameters=BY_QUERY, **UPSERT)
    def put(self, request: Request) -> Response:
        """Record a change or correct it: what the body names is set."""
        params = request.query_params
        return _put(request, params.get("source", ""), params.get("external_id", ""))


class ChangeByKey(ScopedByMethod, APIView):
    """A change by its source and id, in the path."""

    read_scope, write_scope = "events:read", "events:write"
    parser_classes = [OneObject]

    @extend_schema(
        operation_id="events_by_key",
        summary="One change, by its source and id",
        parameters=BY_PATH,
        responses=ChangeSerializer,
    )
    def get(self, request: Request, source: str, external_id: str) -> Response:
        """Show the change."""
        return Response(event_as_json(_found(source, external_id)))

    @extend_schema(
        operation_id="events_put_by_key", summary="Put a change", parameters=BY_PATH, **UPSERT
    )
    def put(self, request: Request, source: str, external_id: str) -> Response:
        """Record a change or correct it: what the body names is set."""
        return _put(request, source, external_id)


def _found(source: str, external_id: str) -> ChangeEvent:
    event = find_change(source, external_id)
    if event is None:
        raise NotFound("There is no such change.")
    return event


def _put(request: Request, source: str, external_id: str) -> Response:
    refuse_unsigned(request)
    errors = [
        FieldError(name, f"must be 1 to {most} characters without NUL")
        for name, text, most in (("source", source, 200), ("external_id", external_id, 300))
        if not 0 < len(text) <= most or "\0" in text
    ]
    if source == OURS:
        errors.append(FieldError("source", f"{OURS} is the portal's own; name another"))
    if errors:
        raise PayloadError(f"{errors[0].field} {errors[0].message}", errors)
    body = request.data
    if not isinstance(body, bytes):  # the framework looks at no body without a length
        raise PayloadError("There is no body: put the change as a JSON object, with its length.")
    change, named = read_named(body)
    given = {"source": (change.source, source), "external_id": (change.external_id, external_id)}
    if wrong := [name for name, (text, meant) in given.items() if text not in ("", meant)]:
        message = "is another one in the address"
        raise PayloadError(f"{wrong[0]} {message}", [FieldError(name, message) for name in wrong])
    actor, key = actor_of(request), request.auth
    team = str(key.team) if isinstance(key, ApiKey) and key.team_id else ""
    change = replace(
        change,
        source=source,
        external_id=external_id,
        actor=change.actor or actor.name,
        team=change.team or team,
    )
    receipt = put_change(change, named, actor=actor, now=utc_now())
    return Response(answer_of(receipt), status=201 if receipt.outcome == "recorded" else 200)

"""What Opsgenie's Alert API answers to who asks: an alert, and what became of a request."""

from collections.abc import Mapping
from typing import Any

import msgspec
from drf_spectacular.utils import extend_schema
from msgspec import Struct
from rest_framework.exceptions import NotAuthenticated, NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from alerts.formats.opsgenie import PRIORITIES, alias_of, dedup_key_of, scope_of, shaped
from alerts.models import Alert, IdempotentReply
from alerts.normalise import SEVERITIES
from opsportal.accounts.authentication import ForeignKeyAuthentication
from opsportal.accounts.models import ApiKey
from opsportal.accounts.permissions import scoped
from opsportal.lib.api.errors import handle_error
from opsportal.lib.times import format_instant, utc_now

_NO_REQUEST = "Request not found. It might not be processed, yet."
_PRIORITY_OF = dict(zip(SEVERITIES, PRIORITIES, strict=True))


class _Kept(Struct):
    """An answer of this contract's door, as it was kept."""

    data: dict[str, str]


_kept = msgspec.json.Decoder(_Kept)


def _refuse(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Every error in Opsgenie's shape."""
    response = handle_error(error, context)
    if response is not None:
        response.data = shaped(message=response.data["message"])
    return response


class OpsgenieView(APIView):
    """The base: keys only, and errors in Opsgenie's shape."""

    authentication_classes = [ForeignKeyAuthentication]

    def get_exception_handler(self) -> Any:
        """Ours, in its words."""
        return _refuse


@extend_schema(exclude=True)
class OpsgenieAlert(OpsgenieView):
    """`GET /v2/alerts/ID`: one that came in by this contract, from the key's team."""

    permission_classes = [scoped("alerts:read")]

    def get(self, request: Request, identifier: str) -> Response:
        """By alias the last of its alerts, open or not; by id, which is the portal's number."""
        team_id = _key_of(request).team_id
        alerts = Alert.objects.select_related("assignee")
        if request.query_params.get("identifierType") == "alias":
            key = dedup_key_of(team_id, identifier.replace("\0", "\ufffd"))
            alert = alerts.filter(dedup_key=key).order_by("-id").first()
        else:
            alert = _by_number(alerts, identifier, scope_of(team_id))
        if alert is None:
            raise NotFound("Alert does not exist.")
        return Response(shaped(data=_described(alert)))


@extend_schema(exclude=True)
class OpsgenieRequest(OpsgenieView):
    """`GET /v2/alerts/requests/ID`: what became of a request with this key."""

    permission_classes = [scoped("alerts:write")]

    def get(self, request: Request, request_id: str) -> Response:
        """The answer that was given is kept for a day."""
        key, kept = _key_of(request), None
        if "\0" not in request_id:
            kept = IdempotentReply.objects.filter(key=key, token=request_id).first()
        if kept is None or not 200 <= kept.status < 300:
            raise NotFound(_NO_REQUEST)
        try:
            told = _kept.decode(kept.body).data
        except msgspec.MsgspecError:  # of another contract, with an Idempotency-Key
            raise NotFound(_NO_REQUEST) from None
        # What other deeds came to is not kept.
        found = bool(told.get("alertId")) or told.get("action") not in ("Create", "Close")
        data = {
            **told,
            "success": found,
            "isSuccess": found,
            "status": "Processed" if found else "Alert does not exist",
            "processedAt": format_instant(kept.created_at),
            "integrationId": key.prefix,
        }
        return Response(shaped(data=data))


def _key_of(request: Request) -> ApiKey:
    """Nothing else lets anybody in here."""
    key = request.auth
    if not isinstance(key, ApiKey):
        raise NotAuthenticated
    return key


def _by_number(alerts: Any, identifier: str, scope: str) -> Alert | None:
    if not (identifier.isascii() and identifier.isdecimal() and len(identifier) < 19):
        return None
    alert: Alert | None = alerts.filter(pk=int(identifier)).first()
    return alert if alert is not None and alert.dedup_key.startswith(scope) else None


def _described(alert: Alert) -> dict[str, Any]:
    now, details = utc_now(), dict(alert.labels)
    tags = details.pop("tags", "")
    until = alert.snoozed_until
    snoozed = {"snoozedUntil": format_instant(until)} if until and until > now else {}
    return {
        "id": str(alert.pk),
        "tinyId": str(alert.pk),
        "alias": alias_of(alert.dedup_key),
        "message": alert.summary or alert.name,
        "description": alert.description,
        "status": "closed" if alert.status == Alert.Status.RESOLVED else "open",
        "acknowledged": alert.status == Alert.Status.ACKNOWLEDGED,
        "isSeen": alert.status != Alert.Status.FIRING,
        "snoozed": bool(snoozed),
        **snoozed,
        "priority": _PRIORITY_OF[alert.severity],
        "count": alert.repeat_count + 1,
        "source": alert.source,
        "entity": alert.resource,
        "owner": alert.assignee.get_username() if alert.assignee else "",
        "tags": tags.split(",") if tags else [],
        "details": details,
        "createdAt": format_instant(alert.received_at),
        "updatedAt": format_instant(alert.resolved_at or alert.last_received_at),
        "lastOccurredAt": format_instant(alert.last_received_at),
    }

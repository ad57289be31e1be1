"""What Alerta's command line asks of the server itself."""

import time
from datetime import timedelta

from rest_framework.request import Request
from rest_framework.response import Response

from alerts.alerta.tidy import EXPIRED_AFTER, INFORMATIONAL_AFTER, tidy_up
from alerts.api.alerta.base import AlertaView, OpenView, answer_ok, key_of, operator_of
from alerts.formats.alerta.alarm import INDETERMINATE, NORMAL, OPEN, SEVERITIES, STATUSES
from alerts.formats.alerta.blackouts import DEFAULT_DURATION
from alerts.formats.alerta.body import DEFAULT_TIMEOUT
from alerts.formats.alerta.write import endpoint
from alerts.models import AlertaAlert
from opsportal.accounts.models import ApiKey
from opsportal.lib.errors import NotFoundError

# The contract that is spoken.
VERSION = "9.1.0"
_started = time.time()
# Ours -> what Alerta calls it.
_SCOPES = {
    "alerts:read": ("read:alerts", "read:blackouts", "read:heartbeats", "read:management"),
    "alerts:write": ("write:alerts", "write:heartbeats"),
    "alerts:respond": ("delete:alerts", "admin:management"),
    "silences:write": ("write:blackouts",),
}


class Index(OpenView):
    """`GET /`."""

    def get(self, request: Request) -> Response:
        """That it is there."""
        return answer_ok(uri=endpoint("/"), data={"description": "Alerta API"}, links=[])


class Health(OpenView):
    """`GET /management/gtg` and `/management/healthcheck`, for load balancers."""

    def get(self, request: Request) -> Response:
        """That it answers."""
        return Response("OK")


class Config(OpenView):
    """`GET /config`, which the command line reads before anything else."""

    def get(self, request: Request) -> Response:
        """The alarm model, and what is on by default."""
        return Response(
            {
                "debug": False,
                "endpoint": endpoint(),
                "alarm_model": {
                    "name": f"Alerta {VERSION}",
                    "severity": dict(SEVERITIES),
                    "status": dict(STATUSES),
                    "colors": {},
                    "defaults": {
                        "status": OPEN,
                        "normal_severity": NORMAL,
                        "previous_severity": INDETERMINATE,
                    },
                },
                "auth_required": True,
                "allow_readonly": False,
                "readonly_scopes": [],
                "provider": "basic",
                "customer_views": False,
                "signup_enabled": False,
                "severity": dict(SEVERITIES),
                "colors": {},
                "timeouts": {
                    "alert": DEFAULT_TIMEOUT,
                    "heartbeat": DEFAULT_TIMEOUT,
                    "ack": 0,
                    "shelve": 7200,
                },
                "blackouts": {"duration": DEFAULT_DURATION},
                "actions": [],
                "refresh_interval": 5000,
                "environments": [],
            }
        )


class Status(AlertaView):
    """`GET /management/status`."""

    def get(self, request: Request) -> Response:
        """Version, uptime, how many alerts there are."""
        now = time.time()
        total = {
            "group": "alerts",
            "name": "total",
            "title": "Total alerts",
            "description": "Total number of alerts in the database",
            "type": "gauge",
            "value": AlertaAlert.objects.count(),
        }
        return Response(
            {
                "application": "alerta",
                "version": VERSION,
                "time": int(now * 1000),
                "uptime": int((now - _started) * 1000),
                "metrics": [total],
            }
        )


class Housekeeping(AlertaView):
    """`GET` or `POST /management/housekeeping`: it writes, whatever its method."""

    read_scope = "alerts:respond"

    def get(self, request: Request) -> Response:
        """Let go what is old."""
        tidied = tidy_up(
            operator_of(request),
            expired_after=_hours(request, "expired") or EXPIRED_AFTER,
            informational_after=_hours(request, "info") or INFORMATIONAL_AFTER,
        )
        numbers = [*tidied.expired, *tidied.unshelved, *tidied.unacknowledged]
        return answer_ok(
            expired=tidied.expired,
            unshelve=tidied.unshelved,
            unack=tidied.unacknowledged,
            count=len(numbers),
        )

    def post(self, request: Request) -> Response:
        """The same."""
        return self.get(request)


class UserInfo(AlertaView):
    """`GET /userinfo`: who a key is."""

    def get(self, request: Request) -> Response:
        """Its name, and what it may."""
        key = key_of(request)
        return Response(
            {
                "iss": endpoint(),
                "sub": key.prefix,
                "name": key.name,
                "preferred_username": key.name,
                "provider": "opsportal",
                "scope": " ".join(_scopes(key)),
            }
        )


class Scopes(AlertaView):
    """`GET /scopes`: what a key may, in Alerta's words."""

    def get(self, request: Request) -> Response:
        """A list."""
        found = _scopes(key_of(request))
        return answer_ok(scopes=found, total=len(found))


class Nothing(OpenView):
    """All else of Alerta's API."""

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Whatever the method."""
        raise NotFoundError(
            "not found: users, groups, permissions, customers and keys are kept in the portal"
        )


def _scopes(key: ApiKey) -> list[str]:
    return [name for scope in key.scopes for name in _SCOPES.get(scope, ())]


def _hours(request: Request, name: str) -> timedelta | None:
    text = request.query_params.get(name, "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    return timedelta(hours=number) if number else None

"""What the portal says of itself, and of paths where nothing is."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request

from alerts.alertmanager.routing import HIDDEN, render_routing
from alerts.api.alertmanager.views import AlertmanagerView, answer_json
from alerts.formats.alertmanager import NO_STORE
from alerts.policy import load_policy
from opsportal.accounts.permissions import Anyone, scoped
from opsportal.lib.times import format_instant, utc_now

# The one whose contract is spoken; amtool warns of any other than its own.
VERSION = "0.25.0"
GONE = {
    "status": "deprecated",
    "error": (
        "The Alertmanager v1 API was deprecated in version 0.16.0 and is removed as of version"
        " 0.27.0 - please use the equivalent route in the v2 API"
    ),
}
_started_at = utc_now()
_Readers = scoped("config:read")


class Status(AlertmanagerView):
    """For any key, as amtool asks for it before everything else; the routing takes config:read."""

    permission_classes = [Anyone]

    def get(self, request: Request) -> HttpResponse:
        """All that the contract requires."""
        may_read = _Readers().has_permission(request, self)
        return answer_json(
            {
                "cluster": {"name": "opsportal", "status": "ready", "peers": []},
                "config": {"original": render_routing(load_policy()) if may_read else HIDDEN},
                "uptime": format_instant(_started_at),
                "versionInfo": {
                    "version": VERSION,
                    "revision": f"opsportal {settings.VERSION}",
                    "branch": "",
                    "buildUser": "",
                    "buildDate": "",
                    "goVersion": "",
                },
            }
        )


@csrf_exempt
def gone(request: HttpRequest, **_: Any) -> HttpResponse:
    """The API that came before."""
    return _open_answer(GONE, 410)


@csrf_exempt
def nothing(request: HttpRequest, **_: Any) -> HttpResponse:
    """A path that the contract does not know."""
    where = request.path.removeprefix("/alertmanager")[:200]
    return _open_answer({"code": 404, "message": f"path {where} was not found"}, 404)


def _open_answer(value: object, status: int) -> HttpResponse:
    answer = answer_json(value, status)
    for name, text in NO_STORE.items():
        answer.headers[name] = text
    return answer

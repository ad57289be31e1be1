"""What every page's header shows of the kill switch."""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.functional import SimpleLazyObject

from opsportal.accounts.permissions import can_respond, can_view, is_administrator
from opsportal.safety.stop import read_stop


def _state(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    if user is None or not can_view(user):
        return {}
    return {
        "stopped": read_stop(),
        "may_stop": can_respond(user, None),
        "may_resume": is_administrator(user),
    }


def safety_state(request: HttpRequest) -> dict[str, Any]:
    """A context processor; nothing is asked where no header is shown."""
    return {"safety": SimpleLazyObject(lambda: _state(request))}


def stylesheet(request: HttpRequest) -> str:
    """The switch's looks, on every page."""
    return static("opsportal/safety.css")

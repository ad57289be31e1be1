"""Who does it: a person, a key, or the command line."""

from dataclasses import dataclass

from django.http import HttpRequest
from rest_framework.request import Request

from opsportal.accounts.models import ApiKey
from opsportal.lib.addresses import client_address


@dataclass(frozen=True, slots=True)
class Actor:
    """Who made a write, as the audit trail and the timeline name them."""

    name: str
    user_id: int | None
    key_id: int | None
    address: str | None = None
    request_id: str = ""


COMMAND_LINE = Actor("command line", None, None)
# What the portal does by itself, because its time has come.
PORTAL = Actor("opsportal", None, None)


def actor_of(request: HttpRequest | Request) -> Actor:
    """The person or key behind a request, Django's or the REST framework's."""
    key = getattr(request, "auth", None)
    address = client_address(request)
    request_id = request.META.get("OPSPORTAL_REQUEST_ID", "")
    if isinstance(key, ApiKey):
        return Actor(f"key {key.name}", None, key.pk, address, request_id)
    user = request.user
    if user.is_authenticated:
        return Actor(user.get_username(), user.pk, None, address, request_id)
    return Actor("anonymous", None, None, address, request_id)

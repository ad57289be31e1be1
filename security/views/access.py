"""Who may say something of the cloud's configuration."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from opsportal.accounts.permissions import can_respond


def require_responder(request: HttpRequest) -> None:
    """Raises PermissionDenied for who only looks on."""
    if not can_respond(request.user, None):
        raise PermissionDenied("Only responders may review and comment.")

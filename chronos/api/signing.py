"""Keys whose requests must be signed write at the doors only, where signatures are looked at."""

from rest_framework.request import Request

from opsportal.lib.errors import ForbiddenError


def refuse_unsigned(request: Request) -> None:
    """Raises ForbiddenError for a key that has a signing secret (which is the app's above)."""
    if request.auth is not None and getattr(request.auth, "signing_secret", None) is not None:
        raise ForbiddenError("Requests with this key must be signed; post them instead.")

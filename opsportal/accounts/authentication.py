"""Keys in the REST framework."""

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from opsportal.accounts.keys import resolve_key
from opsportal.accounts.models import ApiKey
from opsportal.accounts.throttle import spend
from opsportal.lib.errors import CHALLENGE, NotAuthenticatedError
from opsportal.lib.times import utc_now


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer KEY`; the key is `request.auth`, and its allowance is spent."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiKey] | None:
        """The key of the request; None without such a header, so that a session may answer."""
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if not header:
            return None
        now = utc_now()
        try:
            key = resolve_key(header, now)
        except NotAuthenticatedError as error:
            raise AuthenticationFailed(error.message) from error
        spend(key, now)
        return AnonymousUser(), key

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return CHALLENGE

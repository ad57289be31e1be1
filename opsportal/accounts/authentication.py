"""Keys in the REST framework."""

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from opsportal.accounts.credentials import KEY_HEADERS, bearer_key, offered_key
from opsportal.accounts.keys import resolve_key
from opsportal.accounts.models import ApiKey
from opsportal.accounts.throttle import spend
from opsportal.lib.errors import CHALLENGE, NotAuthenticatedError
from opsportal.lib.times import utc_now


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer KEY`; the key is `request.auth`, and its allowance is spent."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiKey] | None:
        """The key of the request; None without such a header, so that a session may answer."""
        if not self.carries_key(request):
            return None
        now = utc_now()
        try:
            key = resolve_key(self.key_text(request), now)
        except NotAuthenticatedError as error:
            raise AuthenticationFailed(error.message) from error
        spend(key, now)
        return AnonymousUser(), key

    def carries_key(self, request: Request) -> bool:
        """Whether the request is a machine's at all."""
        return bool(request.META.get("HTTP_AUTHORIZATION"))

    def key_text(self, request: Request) -> str:
        """The key that it carries."""
        return bearer_key(request.META.get("HTTP_AUTHORIZATION", ""))

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return CHALLENGE


class ForeignKeyAuthentication(ApiKeyAuthentication):
    """The same in the ways of foreign contracts, which have other schemes and headers."""

    def carries_key(self, request: Request) -> bool:
        """Whether the request is a machine's at all."""
        return super().carries_key(request) or any(name in request.META for name in KEY_HEADERS)

    def key_text(self, request: Request) -> str:
        """The key that it carries."""
        return offered_key(request.META)


class QueryKeyAuthentication(ForeignKeyAuthentication):
    """The same, or `?api-key=`, for contracts that have it there."""

    def carries_key(self, request: Request) -> bool:
        """Whether the request is a machine's at all."""
        return super().carries_key(request) or "api-key" in request.query_params

    def key_text(self, request: Request) -> str:
        """The key that it carries."""
        return super().key_text(request) or request.query_params.get("api-key", "")

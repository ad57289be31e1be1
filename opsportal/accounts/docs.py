"""The OpenAPI schema and its page, for anyone who is signed in and any key."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.authentication import SessionAuthentication
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from opsportal.accounts.authentication import ApiKeyAuthentication, ForeignKeyAuthentication
from opsportal.accounts.permissions import Anyone


class JsonErrors(APIView):
    """Errors in the API's shape, whatever the view itself renders."""

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        """Let JSON be the language of errors."""
        final = super().finalize_response(request, response, *args, **kwargs)
        if final.exception:
            final.accepted_renderer = JSONRenderer()
            final.accepted_media_type = "application/json"
        return final


class SchemaView(JsonErrors, SpectacularAPIView):
    """OpenAPI 3."""

    authentication_classes = [ApiKeyAuthentication, SessionAuthentication]
    permission_classes = [Anyone]


class DocsView(JsonErrors, SpectacularSwaggerSplitView):
    """The schema as a page; its script is a file of its own, so the CSP needs no exception."""

    authentication_classes = [ApiKeyAuthentication, SessionAuthentication]
    permission_classes = [Anyone]
    url_name = "schema"


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema names it."""

    target_class = ApiKeyAuthentication
    name = "ApiKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """The scheme's entry."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A key of the portal, `ops_...`, with the scope that the call names.",
        }


class ForeignKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema names keys for programs that cannot send a header of their own."""

    target_class = ForeignKeyAuthentication
    name = "ApiKeyAsPassword"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """The scheme's entry."""
        return {"type": "http", "scheme": "basic", "description": "A key as the password."}

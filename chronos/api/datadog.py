"""What Datadog's clients ask before they send: whether the key is good."""

from drf_spectacular.utils import extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from opsportal.accounts.authentication import ForeignKeyAuthentication
from opsportal.accounts.permissions import Anyone


@extend_schema(exclude=True)
class ValidateView(APIView):
    """`GET /datadog/api/v1/validate`."""

    authentication_classes = [ForeignKeyAuthentication, SessionAuthentication]
    permission_classes = [Anyone]

    def get(self, request: Request) -> Response:
        """Who gets here has a good one."""
        return Response({"valid": True})

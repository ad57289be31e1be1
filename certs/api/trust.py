"""Trust stores, for machines."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from certs.models import TrustStore
from opsportal.accounts.permissions import scoped
from opsportal.lib.api import KeysetPagination


class TrustStoreSerializer(serializers.ModelSerializer[TrustStore]):
    """A named set of roots, without the roots."""

    roots = serializers.IntegerField(help_text="How many it has.")
    public = serializers.BooleanField(
        help_text="Whether what is below it is held to the rules of the CA/Browser Forum."
    )

    class Meta:
        model = TrustStore
        fields = ["id", "name", "kind", "enabled", "public", "roots", "note"]
        read_only_fields = fields


class TrustStoreList(generics.ListAPIView[TrustStore]):
    """Trust stores."""

    permission_classes = [scoped("certs:read")]
    serializer_class = TrustStoreSerializer
    pagination_class = KeysetPagination
    keyset = ("-id",)
    queryset = TrustStore.objects.defer("pem")

    @extend_schema(
        operation_id="certs_trust_stores", summary="Trust stores that chains are held against"
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of them, the newest first."""
        return super().get(request, *args, **kwargs)

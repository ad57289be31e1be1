"""Certificate transparency for machines: entries are posted, and what is ours is said to be."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from certs.hear import MOST_ENTRIES, hear_entries
from certs.models import Certificate
from certs.vouch import vouch_for
from opsportal.accounts.actors import actor_of
from opsportal.accounts.permissions import request_can_write, scoped
from opsportal.lib.times import utc_now


class EntrySerializer(serializers.Serializer[Any]):
    """An entry of a log, as get-entries has it, or its certificate."""

    index = serializers.IntegerField(min_value=0, max_value=2**62)
    leaf_input = serializers.CharField(required=False, help_text="Base64 (RFC 6962, 4.6).")
    extra_data = serializers.CharField(
        required=False, allow_blank=True, help_text="Base64 (RFC 6962, 4.6)."
    )
    certificate = serializers.CharField(required=False, help_text="PEM, or base64 of DER.")


class EntriesSerializer(serializers.Serializer[Any]):
    """Entries of one log."""

    log = serializers.CharField(max_length=300, help_text="Its URL or name.")
    entries = serializers.ListField(
        child=EntrySerializer(), allow_empty=False, max_length=MOST_ENTRIES
    )


class HeardSerializer(serializers.Serializer[Any]):
    """What came of it."""

    kept = serializers.IntegerField(help_text="Entries for names below domains of ours.")
    new = serializers.IntegerField()
    ignored = serializers.IntegerField()


class VouchedSerializer(serializers.ModelSerializer[Certificate]):
    """Who said that it is ours."""

    class Meta:
        model = Certificate
        fields = ["id", "sha256", "vouched_by", "vouched_at"]
        read_only_fields = fields


class CtEntries(APIView):
    """The door of monitors."""

    permission_classes = [scoped("certs:write")]

    @extend_schema(
        operation_id="cert_ct_entries",
        summary="Post entries of a log of certificate transparency",
        request=EntriesSerializer,
        responses=HeardSerializer,
    )
    def post(self, request: Request) -> Response:
        """All are read, or none is stored; what is not for names of ours is left out."""
        read = EntriesSerializer(data=request.data)
        read.is_valid(raise_exception=True)
        given = read.validated_data
        heard = hear_entries(given["log"], given["entries"], now=utc_now())
        return Response(HeardSerializer(heard).data)


class CertificateVouch(APIView):
    """The word that a certificate is ours."""

    permission_classes = [scoped("certs:write")]

    @extend_schema(
        operation_id="cert_vouch",
        summary="Say that a certificate that only a log knows is ours",
        request=None,
        responses=VouchedSerializer,
    )
    def post(self, request: Request, certificate_id: str) -> Response:
        """Said twice, the first one counts."""
        fits = certificate_id.isascii() and certificate_id.isdigit() and len(certificate_id) < 19
        row = get_object_or_404(Certificate, pk=int(certificate_id) if fits else None)
        if not request_can_write(request, row.team_id, "certs:write"):
            raise PermissionDenied("Only who responds for the certificate's team says that.")
        vouch_for(row, actor=actor_of(request), now=utc_now())
        return Response(VouchedSerializer(row).data)

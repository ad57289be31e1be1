"""Certificates handed in by machines."""

from base64 import b64decode
from binascii import Error
from collections.abc import Mapping
from functools import partial
from typing import IO, Any

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from certs.models import Certificate
from certs.upload import Upload, Uploaded, upload_certificates
from certs.x509.containers import Entry
from opsportal.accounts.actors import actor_of
from opsportal.accounts.models import Team
from opsportal.accounts.permissions import request_can_silence, scoped
from opsportal.lib.api.parsers import JSONParser
from opsportal.lib.errors import FieldError, ForbiddenError, PayloadError, TooLargeError
from opsportal.lib.times import utc_now

_TEXTS = ("name", "label", "locator", "team", "environment")
_KNOWN = {*_TEXTS, "pem", "data", "password", "passwords", "file"}


class FileParser(BaseParser):
    """The file itself: PEM, DER or a keystore, whatever type it is said to have."""

    media_type = "*/*"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Its bytes. Raises TooLargeError."""
        most: int = settings.MAX_BODY_BYTES
        body: bytes = stream.read(most + 1)
        if len(body) > most:
            raise TooLargeError(f"The body is larger than {most} bytes.")
        return body


class UploadSerializer(serializers.Serializer[Any]):
    """A file, as `pem` or `data`, and what is said of it."""

    # (The base has attributes of these names; DRF keeps declared fields elsewhere.)
    pem = serializers.CharField(required=False, help_text="PEM, one certificate or many.")
    data = serializers.CharField(  # type: ignore[assignment]
        required=False, help_text="Any format, in base64."
    )
    name = serializers.CharField(required=False, help_text="The file's name.")
    label = serializers.CharField(required=False, max_length=200)  # type: ignore[assignment]
    locator = serializers.CharField(
        required=False, max_length=1000,
        help_text="A place that has what was last put there: what was there before is gone.",
    )  # fmt: skip
    team = serializers.CharField(required=False, help_text="Whose they are.")
    environment = serializers.CharField(required=False, max_length=100)
    passwords = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="Of a keystore; not kept."
    )


class UploadedCertificateSerializer(serializers.Serializer[Any]):
    """A certificate of an upload."""

    id = serializers.IntegerField()
    sha256 = serializers.CharField()
    title = serializers.CharField()
    subject = serializers.CharField()
    issuer = serializers.CharField()
    not_before = serializers.DateTimeField()
    not_after = serializers.DateTimeField()
    alias = serializers.CharField(allow_blank=True)
    position = serializers.IntegerField()
    has_key = serializers.BooleanField(help_text="Its private key lay beside it; it is not kept.")
    new = serializers.BooleanField(help_text="It was not in this place before.")
    # (As above.)
    errors = serializers.ListField(child=serializers.CharField())  # type: ignore[assignment]
    url = serializers.CharField()


class UploadedSerializer(serializers.Serializer[Any]):
    """What an upload came to."""

    format = serializers.CharField()
    locator = serializers.CharField()
    replaced = serializers.IntegerField()
    certificates = UploadedCertificateSerializer(many=True)
    troubles = serializers.ListField(child=serializers.CharField())
    notes = serializers.ListField(child=serializers.CharField())


class CertificateUpload(APIView):
    """Certificates that are handed in."""

    permission_classes = [scoped("certs:write")]
    parser_classes = [JSONParser, MultiPartParser, FileParser]

    @extend_schema(
        operation_id="certs_upload",
        summary="Hand in certificates",
        parameters=[
            OpenApiParameter(name, str, description="Where the body is the file itself.")
            for name in _TEXTS
        ],
        request={
            "application/json": UploadSerializer,
            "multipart/form-data": {
                "type": "object",
                "properties": {
                    "file": {"type": "string", "format": "binary"},
                    "password": {"type": "string"},
                    **{name: {"type": "string"} for name in _TEXTS},
                },
            },
            "application/x-pem-file": OpenApiTypes.STR,
            "application/octet-stream": OpenApiTypes.BINARY,
        },
        responses={200: UploadedSerializer, 201: UploadedSerializer},
    )
    def post(self, request: Request) -> Response:
        """Store what is in a file: PEM, DER, PKCS#7, PKCS#12, JKS or JCEKS. Keys are not kept.

        201 where something is new in its place, else 200.
        """
        uploaded = upload_certificates(_read(request), actor=actor_of(request), now=utc_now())
        return Response(_answer(uploaded), status=201 if uploaded.new else 200)


def _read(request: Request) -> Upload:
    # Of files in a form Django takes any size, onto the disk.
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.MAX_BODY_BYTES:
        raise TooLargeError(f"The body is larger than {settings.MAX_BODY_BYTES} bytes.")
    body = request.data
    if isinstance(body, bytes):
        return _upload(request, body, request.query_params, ())
    if not isinstance(body, Mapping):
        raise PayloadError("Send a JSON object.", [FieldError("", "is no object")])
    if unknown := sorted(str(name) for name in set(body) - _KNOWN):
        message = f"is none of {', '.join(sorted(_KNOWN))}"
        raise PayloadError(
            f"{unknown[0]} {message}.", [FieldError(name, message) for name in unknown]
        )
    passwords = body.get("passwords") or body.get("password") or []
    passwords = [passwords] if isinstance(passwords, str) else passwords
    if not isinstance(passwords, list) or not all(isinstance(each, str) for each in passwords):
        raise PayloadError(
            "passwords must be a list of texts.", [FieldError("passwords", "must be texts")]
        )
    return _upload(request, _bytes(body), body, passwords[:20])


def _bytes(body: Mapping[str, Any]) -> bytes:
    given = [body[name] for name in ("file", "pem", "data") if body.get(name)]
    if len(given) != 1:
        raise PayloadError(
            "Send one of file, pem and data.", [FieldError("data", "is missing or there twice")]
        )
    (value,) = given
    if hasattr(value, "read"):
        read: bytes = value.read()
        return read
    if not isinstance(value, str):
        raise PayloadError("pem and data are texts.", [FieldError("data", "must be a text")])
    if body.get("pem"):
        return value.encode("utf-8", "replace")
    try:
        return b64decode("".join(value.split()), validate=True)
    except (Error, ValueError) as error:
        raise PayloadError(
            f"data is no base64: {error}.", [FieldError("data", "is no base64")]
        ) from error


def _upload(
    request: Request, data: bytes, given: Mapping[str, Any], passwords: list[str] | tuple[()]
) -> Upload:
    file = given.get("file")
    return Upload(
        data,
        name=_text(given, "name") or str(getattr(file, "name", "") or ""),
        passwords=passwords,
        label=_text(given, "label"),
        locator=_text(given, "locator"),
        team=_team(request, _text(given, "team")),
        environment=_text(given, "environment"),
        speaks_for=partial(request_can_silence, request),
    )


def _text(given: Mapping[str, Any], name: str) -> str:
    text = given.get(name)
    if text is not None and not isinstance(text, str):
        raise PayloadError(f"{name} must be a text.", [FieldError(name, "must be a text")])
    return (text or "").strip()


def _team(request: Any, name: str) -> Team | None:
    """The team of that name, for which whoever asks may speak. Raises OpsError."""
    if not name:
        return None
    team = Team.objects.filter(name=name).first() if "\0" not in name else None
    if team is None:
        raise PayloadError("There is no such team.", [FieldError("team", "is not known")])
    if not request_can_silence(request, team.pk):
        raise ForbiddenError("You may speak for your own teams only.")
    return team


def _answer(uploaded: Uploaded) -> dict[str, Any]:
    return {
        "format": uploaded.contents.format,
        "locator": uploaded.locator,
        "replaced": uploaded.replaced,
        "certificates": [
            _certificate(entry, row, uploaded) for entry, row in uploaded.certificates
        ],
        "troubles": uploaded.contents.troubles,
        "notes": uploaded.contents.notes,
    }


def _certificate(entry: Entry, row: Certificate, uploaded: Uploaded) -> dict[str, Any]:
    return {
        "id": row.pk,
        "sha256": row.sha256,
        "title": row.title,
        "subject": row.subject,
        "issuer": row.issuer,
        "not_before": row.not_before,
        "not_after": row.not_after,
        "alias": entry.alias,
        "position": entry.position,
        "has_key": entry.has_key,
        "new": row.pk in uploaded.new,
        "errors": row.errors,
        "url": settings.PUBLIC_URL + row.get_absolute_url(),
    }

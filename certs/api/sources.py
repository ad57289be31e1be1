"""Sources for machines."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from certs.change import confirm_absence, delete_source, look_now, save_source
from certs.change.sources import LEAST_INTERVAL, MOST_INTERVAL
from certs.models import Source, SourceRun, SourceTrouble
from certs.sources import source_kind
from certs.sources.options import shown_options
from opsportal.accounts.actors import actor_of
from opsportal.accounts.models import Team
from opsportal.accounts.permissions import ScopedByMethod, request_can_administer, scoped
from opsportal.lib.api import KeysetPagination
from opsportal.lib.api.schema import ERROR
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.times import utc_now

READ, WRITE = "certs:read", "certs:write"
_LEAST, _MOST = (int(span.total_seconds()) for span in (LEAST_INTERVAL, MOST_INTERVAL))


class CertificateSourceSerializer(serializers.ModelSerializer[Source]):
    """A source; of secrets only whether they are set."""

    options = serializers.SerializerMethodField(help_text="As its kind takes them.")
    interval = serializers.SerializerMethodField(help_text="Seconds between two looks.")
    team = serializers.CharField(source="team.name", default=None, allow_null=True)
    held = serializers.JSONField(
        help_text="What was absent at once and is kept: absent, of, since."
    )

    class Meta:
        model = Source
        fields = [
            "id", "name", "kind", "options", "enabled", "interval", "team", "environment",
            "labels", "note", "created_at", "next_at", "outcome", "finished_at", "complete_at",
            "found", "failures", "message", "held",
        ]  # fmt: skip
        read_only_fields = fields

    def get_options(self, source: Source) -> dict[str, Any]:
        """Secrets are masked."""
        return shown_options(source_kind(source.kind), source.options, source.secret or {})

    def get_interval(self, source: Source) -> int:
        """In seconds."""
        return int(source.interval.total_seconds())


class SourceWriteSerializer(serializers.Serializer[Any]):
    """What a source is to be; what is absent stays."""

    name = serializers.CharField(max_length=100)
    kind = serializers.CharField(max_length=40)
    options = serializers.JSONField(
        required=False,
        help_text="All of them; a secret that is absent, or masked, stays as it is.",
    )
    enabled = serializers.BooleanField(required=False)
    interval = serializers.IntegerField(required=False, min_value=_LEAST, max_value=_MOST)
    team = serializers.CharField(required=False, allow_null=True, max_length=100)
    environment = serializers.CharField(required=False, allow_blank=True, max_length=100)
    labels = serializers.JSONField(required=False)
    note = serializers.CharField(required=False, allow_blank=True, max_length=1000)


class SourceRunSerializer(serializers.ModelSerializer[SourceRun]):
    """One look."""

    class Meta:
        model = SourceRun
        fields = [
            "id", "asked_at", "asked_by", "state", "started_at", "finished_at", "outcome", "found",
            "new", "gone", "held", "endpoints", "troubles", "duration_ms", "message",
        ]  # fmt: skip
        read_only_fields = fields


class SourceTroubleSerializer(serializers.ModelSerializer[SourceTrouble]):
    """What cannot be read."""

    class Meta:
        model = SourceTrouble
        fields = ["id", "locator", "message", "first_at", "last_at", "cleared_at"]
        read_only_fields = fields


class SourceList(ScopedByMethod, generics.ListAPIView[Source]):
    """Sources."""

    read_scope, write_scope = READ, WRITE
    serializer_class = CertificateSourceSerializer
    pagination_class = KeysetPagination
    queryset = Source.objects.select_related("team")

    @extend_schema(operation_id="cert_sources", summary="Sources of certificates")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of them, the newest first."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        operation_id="cert_source_add",
        summary="Add a source of certificates",
        request=SourceWriteSerializer,
        responses={201: CertificateSourceSerializer},
    )
    def post(self, request: Request) -> Response:
        """It is looked at within seconds."""
        source = Source()
        _write(source, request, partial=False)
        return Response(CertificateSourceSerializer(source).data, status=201)


class SourceDetail(ScopedByMethod, APIView):
    """One source."""

    read_scope, write_scope = READ, WRITE

    @extend_schema(
        operation_id="cert_source",
        summary="A source of certificates",
        responses=CertificateSourceSerializer,
    )
    def get(self, request: Request, source_id: str) -> Response:
        """With how its last look went."""
        return Response(CertificateSourceSerializer(_row(source_id)).data)

    @extend_schema(
        operation_id="cert_source_change",
        summary="Change a source of certificates",
        request=SourceWriteSerializer(partial=True),
        responses=CertificateSourceSerializer,
    )
    def patch(self, request: Request, source_id: str) -> Response:
        """What is absent stays; of the options all are given, but for secrets."""
        source = _own(request, source_id)
        _write(source, request, partial=True)
        return Response(CertificateSourceSerializer(source).data)

    @extend_schema(
        operation_id="cert_source_delete",
        summary="Delete a source, and the places that it knew of",
        responses={204: None},
    )
    def delete(self, request: Request, source_id: str) -> Response:
        """Certificates stay."""
        source = _own(request, source_id)
        delete_source(source, actor=actor_of(request), now=utc_now())
        return Response(status=204)


class SourceRunList(generics.ListAPIView[SourceRun]):
    """Looks at a source."""

    permission_classes = [scoped(READ)]
    serializer_class = SourceRunSerializer
    pagination_class = KeysetPagination
    queryset = SourceRun.objects.all()

    def get_queryset(self) -> QuerySet[SourceRun]:
        """Those of the source."""
        return super().get_queryset().filter(source=_row(self.kwargs["source_id"]))

    @extend_schema(operation_id="cert_source_runs", summary="The log of a source")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of looks, the newest first."""
        return super().get(request, *args, **kwargs)


class SourceTroubleList(generics.ListAPIView[SourceTrouble]):
    """What of a source cannot be read."""

    permission_classes = [scoped(READ)]
    serializer_class = SourceTroubleSerializer
    pagination_class = KeysetPagination
    queryset = SourceTrouble.objects.all()

    def get_queryset(self) -> QuerySet[SourceTrouble]:
        """Those of the source that are not over, unless all are asked for."""
        rows = super().get_queryset().filter(source=_row(self.kwargs["source_id"]))
        every = self.request.query_params.get("all", "") in ("1", "true")
        return rows if every else rows.filter(cleared_at=None)

    @extend_schema(
        operation_id="cert_source_troubles",
        summary="What of a source cannot be read",
        parameters=[OpenApiParameter("all", bool, description="Those that are over, too.")],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of them, the newest first."""
        return super().get(request, *args, **kwargs)


class SourceRunNow(APIView):
    """A look, now."""

    permission_classes = [scoped(WRITE)]

    @extend_schema(
        operation_id="cert_source_run",
        summary="Have a source looked at within seconds",
        request=None,
        responses={202: CertificateSourceSerializer, 409: ERROR},
    )
    def post(self, request: Request, source_id: str) -> Response:
        """Asked twice, it is looked at once."""
        source = _own(request, source_id)
        look_now(source, actor=actor_of(request), now=utc_now())
        return Response(CertificateSourceSerializer(source).data, status=202)


class SourceConfirm(APIView):
    """The word that what vanished is gone."""

    permission_classes = [scoped(WRITE)]

    @extend_schema(
        operation_id="cert_source_confirm",
        summary="Say that what was absent at once is gone indeed",
        request=None,
        responses={202: CertificateSourceSerializer, 409: ERROR},
    )
    def post(self, request: Request, source_id: str) -> Response:
        """It is looked at once more; what is absent then is gone."""
        source = _own(request, source_id)
        confirm_absence(source, actor=actor_of(request), now=utc_now())
        return Response(CertificateSourceSerializer(source).data, status=202)


def _row(source_id: str) -> Source:
    fits = source_id.isascii() and source_id.isdigit() and len(source_id) < 19
    return get_object_or_404(
        Source.objects.select_related("team"), pk=int(source_id) if fits else None
    )


def _own(request: Request, source_id: str) -> Source:
    source = _row(source_id)
    _require(request, source.team_id)
    return source


def _require(request: Request, team_id: int | None) -> None:
    if not request_can_administer(request, team_id):
        raise PermissionDenied("Only who administers the source's team does that.")


def _write(source: Source, request: Request, *, partial: bool) -> None:
    read = SourceWriteSerializer(data=request.data, partial=partial)
    read.is_valid(raise_exception=True)
    given = read.validated_data
    options = given.get("options", dict(source.options))
    if not isinstance(options, dict):
        raise PayloadError("options: names and values", [FieldError("options", "names and values")])
    for name in ("name", "kind", "enabled", "environment", "labels", "note"):
        if name in given:
            setattr(source, name, given[name])
    if "interval" in given:
        source.interval = timedelta(seconds=given["interval"])
    elif not partial and (kind := source_kind(source.kind)):
        source.interval = kind.interval
    if "team" in given:
        source.team = _team(given["team"])
    _require(request, source.team_id)
    save_source(source, options, actor=actor_of(request), now=utc_now())


def _team(name: str | None) -> Team | None:
    if not name:
        return None
    team = Team.objects.filter(name=name).first()
    if team is None:
        raise PayloadError(
            f"team: there is no {name!r}", [FieldError("team", "there is none such")]
        )
    return team

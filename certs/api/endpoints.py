"""Endpoints for machines."""

from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from certs.api.find import find_row, find_team
from certs.api.observations import ObservationSerializer
from certs.models import Endpoint, Observation
from certs.observe.edit import add_endpoint, change_endpoint, delete_endpoint, probe_now
from certs.observe.search import FILTERS, read_filters, search_endpoints
from certs.tls import PROTOCOLS
from opsportal.accounts.actors import actor_of
from opsportal.accounts.permissions import ScopedByMethod, request_can_write, scoped
from opsportal.lib.api import KeysetPagination
from opsportal.lib.api.schema import ERROR
from opsportal.lib.times import utc_now

READ, WRITE = "certs:read", "certs:write"
_REFUSED = "It is another team's."


class EndpointSerializer(serializers.ModelSerializer[Endpoint]):
    """An endpoint, and how the last look at it went."""

    name = serializers.CharField(help_text="As a line of configuration says it.")
    interval = serializers.SerializerMethodField(help_text="Seconds between two looks.")
    team = serializers.CharField(source="team.name", default=None, allow_null=True)
    source = serializers.CharField(  # type: ignore[assignment]
        source="source.name", default=None, allow_null=True
    )
    provenance = serializers.JSONField(help_text="How it became known: from, what, at.")
    result = serializers.CharField(help_text="Of the last look, such as ok; empty: none yet.")

    class Meta:
        model = Endpoint
        fields = [
            "id", "name", "host", "port", "protocol", "server_name", "enabled", "interval", "team",
            "environment", "service", "labels", "note", "source", "provenance", "created_at",
            "next_at", "probed_at", "seen_at", "failures", "failing_since", "result", "detail",
        ]  # fmt: skip
        read_only_fields = fields

    def get_interval(self, endpoint: Endpoint) -> int:
        """In seconds."""
        return int(endpoint.interval.total_seconds())


class EndpointDetailSerializer(EndpointSerializer):
    """With what each address serves."""

    addresses = serializers.SerializerMethodField(
        help_text="The current observation of each address, and the last that has a chain."
    )

    class Meta(EndpointSerializer.Meta):
        fields = [*EndpointSerializer.Meta.fields, "addresses"]
        read_only_fields = fields

    def get_addresses(self, endpoint: Endpoint) -> list[dict[str, Any]]:
        """By address; of each there is one current and at most one serving."""
        rows = Observation.objects.filter(
            Q(current=True) | Q(serving=True), endpoint=endpoint
        ).select_related("certificate")
        return list(ObservationSerializer(rows.order_by("address", "-id"), many=True).data)


class EndpointChangeSerializer(serializers.Serializer[Any]):
    """What may be changed of an endpoint; what is absent stays."""

    enabled = serializers.BooleanField(required=False)
    interval = serializers.IntegerField(
        required=False, min_value=10, max_value=30 * 86_400, help_text="Seconds between two looks."
    )
    team = serializers.CharField(required=False, allow_null=True, max_length=100)
    environment = serializers.CharField(required=False, allow_blank=True, max_length=100)
    service = serializers.CharField(required=False, allow_blank=True, max_length=200)
    labels = serializers.DictField(
        child=serializers.CharField(allow_blank=True, max_length=200), required=False
    )
    note = serializers.CharField(required=False, allow_blank=True, max_length=1000)


class EndpointAddSerializer(EndpointChangeSerializer):
    """A new endpoint."""

    host = serializers.CharField(max_length=255, help_text="A name, or an address.")
    port = serializers.IntegerField(min_value=1, max_value=65535, default=443)
    protocol = serializers.ChoiceField(
        choices=list(PROTOCOLS), default="tls", help_text="`tls`, or one that begins in the clear."
    )
    server_name = serializers.CharField(
        required=False, allow_blank=True, max_length=255, default="",
        help_text="What to ask for (SNI) and to look for in the certificate, if not the host.",
    )  # fmt: skip


class EndpointList(ScopedByMethod, generics.ListAPIView[Endpoint]):
    """Endpoints."""

    read_scope, write_scope = READ, WRITE
    serializer_class = EndpointSerializer
    pagination_class = KeysetPagination
    queryset = Endpoint.objects.none()

    @extend_schema(
        operation_id="cert_endpoints",
        summary="Endpoints: what is connected to",
        parameters=[OpenApiParameter(name, description=words) for name, words in FILTERS.items()],
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of them, the newest first."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Endpoint]:
        """Those that are asked for."""
        rows = search_endpoints(read_filters(self.request.query_params))
        return rows.select_related("team", "source")

    @extend_schema(
        operation_id="cert_endpoint_add",
        summary="Watch an endpoint",
        request=EndpointAddSerializer,
        responses={201: EndpointSerializer, 409: ERROR},
    )
    def post(self, request: Request) -> Response:
        """It is looked at within seconds. 409 where it is watched already."""
        read = EndpointAddSerializer(data=request.data)
        read.is_valid(raise_exception=True)
        endpoint = Endpoint()
        _fill(endpoint, read.validated_data)
        _let_in(request, endpoint)
        made = add_endpoint(endpoint, actor=actor_of(request), now=utc_now())
        return Response(EndpointSerializer(made).data, status=201)


class EndpointDetail(ScopedByMethod, APIView):
    """One endpoint."""

    read_scope, write_scope = READ, WRITE

    @extend_schema(
        operation_id="cert_endpoint", summary="An endpoint", responses=EndpointDetailSerializer
    )
    def get(self, request: Request, endpoint_id: str) -> Response:
        """With what each of its addresses serves."""
        return Response(EndpointDetailSerializer(_row(endpoint_id)).data)

    @extend_schema(
        operation_id="cert_endpoint_change",
        summary="Change an endpoint",
        request=EndpointChangeSerializer(partial=True),
        responses=EndpointSerializer,
    )
    def patch(self, request: Request, endpoint_id: str) -> Response:
        """What is absent stays; host, port, protocol and server name are what they are."""
        endpoint = _own(request, endpoint_id)
        read = EndpointChangeSerializer(data=request.data, partial=True)
        read.is_valid(raise_exception=True)
        _fill(endpoint, read.validated_data)
        _let_in(request, endpoint)
        change_endpoint(endpoint, actor=actor_of(request), now=utc_now())
        return Response(EndpointSerializer(endpoint).data)

    @extend_schema(
        operation_id="cert_endpoint_delete",
        summary="Watch an endpoint no more",
        responses={204: None},
    )
    def delete(self, request: Request, endpoint_id: str) -> Response:
        """With all that was seen there."""
        endpoint = _own(request, endpoint_id)
        delete_endpoint(endpoint, actor=actor_of(request), now=utc_now())
        return Response(status=204)


class EndpointObservations(generics.ListAPIView[Observation]):
    """What one served."""

    permission_classes = [scoped(READ)]
    serializer_class = ObservationSerializer
    pagination_class = KeysetPagination
    queryset = Observation.objects.none()

    @extend_schema(
        operation_id="cert_endpoint_observations", summary="What an endpoint served, and when"
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of it, the newest first; each for as long as it stayed the same."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Observation]:
        """Of all its addresses."""
        endpoint = _row(self.kwargs["endpoint_id"])
        return Observation.objects.filter(endpoint=endpoint).select_related("certificate")


class EndpointProbe(APIView):
    """A look."""

    permission_classes = [scoped(WRITE)]

    @extend_schema(
        operation_id="cert_endpoint_probe",
        summary="Have an endpoint looked at within seconds",
        request=None,
        responses={202: EndpointSerializer},
    )
    def post(self, request: Request, endpoint_id: str) -> Response:
        """A look that waits already is not asked for twice."""
        endpoint = _own(request, endpoint_id)
        probe_now([endpoint], actor=actor_of(request), now=utc_now())
        return Response(EndpointSerializer(endpoint).data, status=202)


def _row(text: str) -> Endpoint:
    found: Endpoint = find_row(Endpoint.objects.select_related("team", "source"), text)
    return found


def _own(request: Request, text: str) -> Endpoint:
    endpoint = _row(text)
    _let_in(request, endpoint)
    return endpoint


def _let_in(request: Request, endpoint: Endpoint) -> None:
    if not request_can_write(request, endpoint.team_id, WRITE):
        raise PermissionDenied(_REFUSED)


def _fill(endpoint: Endpoint, given: dict[str, Any]) -> None:
    for name, value in given.items():
        if name == "team":
            endpoint.team = find_team(value)
        elif name == "interval":
            endpoint.interval = timedelta(seconds=value)
        else:
            setattr(endpoint, name, value)

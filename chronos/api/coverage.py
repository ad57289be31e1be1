"""Coverage for machines."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chronos.coverage import SourceCoverage, cover_sources, uncovered_services
from chronos.models import Alias
from chronos.suggest import suggest_aliases
from opsportal.accounts.permissions import scoped
from opsportal.lib.api import KeysetPagination
from opsportal.lib.times import utc_now


class SourceSerializer(serializers.Serializer[SourceCoverage]):
    """How a source of changes stands."""

    source = serializers.CharField()  # type: ignore[assignment]  # the model's own word
    state = serializers.ChoiceField(
        choices=["silent", "heard", "learning", "unwatched", "gone"],
        help_text="learning: it has no habits yet; gone: silent for more than 30 days.",
    )
    first_seen_at = serializers.DateTimeField()
    last_seen_at = serializers.DateTimeField()
    median_gap = serializers.SerializerMethodField(help_text="Seconds between hours it is heard.")
    long_gap = serializers.SerializerMethodField(help_text="Seconds; 19 of 20 gaps are shorter.")
    due_at = serializers.DateTimeField(allow_null=True, help_text="Silent from then on.")
    every = serializers.SerializerMethodField(help_text="Seconds, where somebody has set it.")
    days = serializers.ListField(
        child=serializers.IntegerField(), help_text="Changes of each of the last 28 days."
    )

    def get_median_gap(self, source: SourceCoverage) -> float | None:
        """Seconds."""
        return None if source.median_gap is None else source.median_gap.total_seconds()

    def get_long_gap(self, source: SourceCoverage) -> float | None:
        """Seconds."""
        return None if source.long_gap is None else source.long_gap.total_seconds()

    def get_every(self, source: SourceCoverage) -> float | None:
        """Seconds."""
        return None if source.every is None else source.every.total_seconds()


class NameSuggestionSerializer(serializers.Serializer[Any]):
    """A name that likely means another one."""

    field = serializers.CharField()
    name = serializers.CharField()
    canonical = serializers.CharField()
    why = serializers.CharField()


class UncoveredSerializer(serializers.Serializer[Any]):
    """A service that alerts are about and no change has named."""

    service = serializers.CharField(source="name")
    mentioned_at = serializers.DateTimeField()


class CoverageSerializer(serializers.Serializer[Any]):
    """What is heard of, and what is not."""

    sources = SourceSerializer(many=True)
    suggestions = NameSuggestionSerializer(many=True)
    uncovered = UncoveredSerializer(many=True)


class Coverage(APIView):
    """Coverage."""

    permission_classes = [scoped("events:read")]

    @extend_schema(
        operation_id="coverage",
        summary="Sources of changes, names that could be one, and services that no change names",
        responses=CoverageSerializer,
    )
    def get(self, request: Request) -> Response:
        """As the page shows it."""
        found = {
            "sources": cover_sources(now=utc_now()),
            "suggestions": suggest_aliases(),
            "uncovered": uncovered_services(),
        }
        return Response(CoverageSerializer(found).data)


class AliasSerializer(serializers.ModelSerializer[Alias]):
    """Another name of the same."""

    class Meta:
        model = Alias
        fields = ["id", "field", "name", "canonical", "created_at", "applied_at"]
        read_only_fields = fields


class AliasList(generics.ListAPIView[Alias]):
    """Names and what they are recorded as."""

    permission_classes = [scoped("events:read")]
    serializer_class = AliasSerializer
    pagination_class = KeysetPagination
    keyset = ("-id",)
    queryset = Alias.objects.all()

    @extend_schema(summary="Names that mean the same as others")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of them, the newest first."""
        return super().get(request, *args, **kwargs)

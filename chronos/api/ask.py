"""Questions in words, by machine."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chronos.api.serializers import ChangeSerializer
from chronos.api.state import DeployedSerializer, DifferenceSerializer
from chronos.api.suspects import SuspectSerializer
from chronos.ask import Shape
from chronos.ask.answer import MOST_EVENTS
from chronos.ask.ask import Asked, ask_question
from chronos.ask.describe import describe_reading, links_to
from chronos.ask.write import write_bound, write_reference
from opsportal.accounts.permissions import scoped
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.times import format_instant, utc_now


class ConditionSerializer(serializers.Serializer[Any]):
    """A condition on a field; several values are alternatives, of tags all are asked for."""

    field = serializers.CharField()
    op = serializers.CharField(help_text="= != =~ !~ < <= > >=; =* and !=* are globs.")
    values = serializers.ListField(child=serializers.CharField(allow_blank=True))


class AskedWindowSerializer(serializers.Serializer[Any]):
    """An interval [since, until)."""

    since = serializers.DateTimeField()
    until = serializers.DateTimeField()


class ReadingSerializer(serializers.Serializer[Any]):
    """How the question was understood."""

    shape = serializers.ChoiceField([shape.value for shape in Shape])
    words = serializers.CharField(help_text="The reading in one line, for people.")
    zone = serializers.CharField()
    said = serializers.CharField(allow_blank=True, help_text="What was said about time.")
    since = serializers.CharField(allow_null=True, help_text="RFC 3339, or a reference.")
    until = serializers.CharField(allow_null=True)
    moments = serializers.ListField(child=serializers.CharField())
    compared = serializers.ListField(child=serializers.CharField())
    filters = ConditionSerializer(many=True)
    text = serializers.ListField(child=serializers.CharField())
    ongoing = serializers.BooleanField()
    grouping = serializers.ListField(child=serializers.CharField())
    limit = serializers.IntegerField(allow_null=True)
    subject = serializers.CharField(allow_null=True)
    unknown = serializers.ListField(
        child=serializers.CharField(), help_text="Not understood: looked for in the text."
    )
    notes = serializers.ListField(child=serializers.CharField())


class ElsewhereSerializer(serializers.Serializer[Any]):
    """The same question as a link, an API call and a curl line."""

    page = serializers.CharField()
    api = serializers.CharField()
    curl = serializers.CharField()


class OtherQuestionSerializer(serializers.Serializer[Any]):
    """Another question."""

    said = serializers.CharField(allow_blank=True)
    meant = serializers.CharField()
    question = serializers.CharField()
    page = serializers.SerializerMethodField()

    def get_page(self, suggestion: Any) -> str:
        """Its page."""
        return links_to(suggestion.question).page


class GroupSerializer(serializers.Serializer[Any]):
    """How many changes have these values, in the order of `grouping`."""

    values = serializers.ListField(child=serializers.CharField(allow_blank=True))
    count = serializers.IntegerField()


class AskedSerializer(serializers.Serializer[Any]):
    """The answer, and how the question was read. What is not of its shape is empty."""

    question = serializers.CharField(help_text="As it was asked.")
    canonical = serializers.CharField(help_text="With exact times: it asks the same tomorrow.")
    reading = ReadingSerializer()
    links = ElsewhereSerializer()
    windows = AskedWindowSerializer(many=True, help_text="The intervals asked about, resolved.")
    moments = serializers.ListField(child=serializers.DateTimeField())
    events = ChangeSerializer(many=True, help_text="Newest first.")
    more = serializers.BooleanField(help_text="There are more changes than these.")
    people = serializers.ListField(child=serializers.CharField())
    total = serializers.IntegerField(allow_null=True, help_text="Of counts.")
    counts = GroupSerializer(many=True)
    suspects = SuspectSerializer(many=True)
    running = DeployedSerializer(many=True)
    differences = DifferenceSerializer(many=True, help_text="Where two sides run differently.")
    suggestions = OtherQuestionSerializer(many=True)
    wider = OtherQuestionSerializer(many=True, help_text="Where nothing was found.")
    silent = serializers.ListField(
        child=serializers.CharField(), help_text="Sources that fell silent, then, too."
    )


class Ask(APIView):
    """A question in words."""

    permission_classes = [scoped("events:read")]

    @extend_schema(
        operation_id="ask",
        summary="Ask in words what changed",
        parameters=[
            OpenApiParameter("q", str, required=True, description="`failed deploys last week`"),
            OpenApiParameter("tz", str, description="Your zone, such as `Europe/Berlin`."),
            OpenApiParameter("limit", int, description=f"Changes, at most {MOST_EVENTS}."),
        ],
        responses=AskedSerializer,
    )
    def get(self, request: Request) -> Response:
        """Answer it, and say how it was read."""
        params = request.query_params
        text = params.get("q", "")
        if not text.strip():
            raise _refused("q", "ask something, such as: failed deploys last week")
        asked = ask_question(
            text, now=utc_now(), tz=params.get("tz", ""), most=_limit(params.get("limit", ""))
        )
        return Response(AskedSerializer(_as_json(asked)).data)


def _limit(text: str) -> int:
    if not text:
        return MOST_EVENTS
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= MOST_EVENTS):
        raise _refused("limit", f"must be a number from 1 to {MOST_EVENTS}")
    return int(text)


def _refused(field: str, message: str) -> PayloadError:
    return PayloadError(f"{field}: {message}", [FieldError(field, message)])


def _as_json(asked: Asked) -> dict[str, Any]:
    reading, shown, answer = asked.reading, asked.shown, asked.answer
    return {
        "question": reading.question,
        "canonical": shown.question,
        "reading": _reading(asked),
        "links": shown.links,
        "total": answer.total if reading.shape is Shape.COUNT else None,
        "suggestions": shown.suggestions,
        **{name: getattr(answer, name) for name in _FOUND},
    }


_FOUND = (
    "windows", "moments", "events", "more", "people", "counts", "suspects", "running",
    "differences", "wider", "silent",
)  # fmt: skip
_READ = ("shape", "zone", "compared", "filters", "text", "ongoing", "grouping", "limit", "unknown")


def _reading(asked: Asked) -> dict[str, Any]:
    reading = asked.reading
    interval = reading.interval
    return {
        **{name: getattr(reading, name) for name in (*_READ, "notes")},
        "words": describe_reading(reading, asked.zone),
        "said": interval.said if interval else "",
        "since": _say(interval.since) if interval else None,
        "until": _say(interval.until) if interval else None,
        "moments": [_say(moment) for moment in reading.moments],
        "subject": write_reference(reading.subject) if reading.subject else None,
    }


def _say(bound: Any) -> str:
    return format_instant(bound) if isinstance(bound, datetime) else write_bound(bound)

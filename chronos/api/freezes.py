"""What is frozen, for pipelines that ask before they deploy."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chronos.freezes import SYNONYMS, Frozen, compile_freeze, frozen, load_freezes, next_frozen
from chronos.models import Freeze
from chronos.unify import canonical_name
from opsportal.accounts.permissions import scoped
from opsportal.lib.api import KeysetPagination, parse_time
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.times import format_instant, utc_now

# What may be said of the change that is asked about.
_NAMES = ("service", "environment", "region", "team", "version", "actor", "kind")
_OTHERS = ("at", "fail")
_LONGEST = 200


class FreezeSerializer(serializers.ModelSerializer[Freeze]):
    """A freeze as it is set up, and whether it holds now."""

    team = serializers.CharField(source="team.name", default=None)
    frozen = serializers.SerializerMethodField(help_text="Whether it holds now.")
    until = serializers.SerializerMethodField(help_text="When it ends, if it holds now.")

    class Meta:
        model = Freeze
        fields = [
            "id", "name", "reason", "match", "kinds", "starts_at", "ends_at", "recurrence", "zone",
            "duration", "exceptions", "exempt_services", "exempt_actors", "team", "enabled",
            "frozen", "until",
        ]  # fmt: skip

    def get_frozen(self, freeze: Freeze) -> bool:
        """Now."""
        return self.get_until(freeze) is not None

    def get_until(self, freeze: Freeze) -> str | None:
        """RFC 3339."""
        window = compile_freeze(freeze).window_at(utc_now()) if freeze.enabled else None
        return format_instant(window[1]) if window else None


class FreezeList(ListAPIView[Freeze]):
    """All freezes."""

    permission_classes = [scoped("events:read")]
    serializer_class = FreezeSerializer
    pagination_class = KeysetPagination
    queryset = Freeze.objects.select_related("team")

    @extend_schema(operation_id="freezes", summary="All freezes", tags=["events"])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Disabled ones and those that are over, too."""
        return super().get(request, *args, **kwargs)


class FrozenSerializer(serializers.Serializer[Any]):
    """A freeze that holds at that time, or the next."""

    name = serializers.CharField()
    reason = serializers.CharField()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    team = serializers.CharField(allow_blank=True)
    exceptions = serializers.ListField(child=serializers.DictField())


class CheckSerializer(serializers.Serializer[Any]):
    """Whether such a change had better not begin then."""

    frozen = serializers.BooleanField()
    at = serializers.DateTimeField()
    freezes = FrozenSerializer(many=True)
    next = FrozenSerializer(allow_null=True)


_WORDS = {
    "at": "When: RFC 3339, or +2h. Now, where it is not given.",
    "kind": "Of the change: deployment, where it is not given.",
    "fail": "true: 409 where it is frozen, so that curl -f fails.",
    "app": "The same as service.",
    "env": "The same as environment.",
}


class CheckFreezes(APIView):
    """Whether something is frozen."""

    permission_classes = [scoped("events:read")]

    @extend_schema(
        operation_id="freezes_check",
        summary="Whether a change of these labels had better not begin",
        parameters=[
            OpenApiParameter(name, description=_WORDS.get(name, "Of the change."))
            for name in (*_NAMES, *SYNONYMS, *_OTHERS)
        ],
        responses={200: CheckSerializer, 409: OpenApiResponse(CheckSerializer, "It is frozen.")},
        tags=["events"],
    )
    def get(self, request: Request) -> Response:
        """Advisory: nothing is refused because of a freeze but by whoever asks here."""
        query = request.query_params
        seen = read_subject(query)
        now = utc_now()
        at = parse_time(query["at"], now=now, field="at") if query.get("at") else now
        fails = _truth(query.get("fail", ""))
        freezes = load_freezes()
        found = frozen(freezes, at, seen)
        coming = next_frozen(freezes, at, seen)
        answer = {
            "frozen": bool(found),
            "at": at,
            "freezes": list(map(_shown, found)),
            "next": _shown(coming) if coming else None,
        }
        return Response(CheckSerializer(answer).data, 409 if found and fails else 200)


def read_subject(query: QueryDict) -> Mapping[str, str]:
    """What is said of the change; what is not known is refused, since it may be a slip."""
    unknown = sorted(query.keys() - {*_NAMES, *SYNONYMS, *_OTHERS})
    if unknown:
        known = ", ".join((*_NAMES, *_OTHERS))
        message = f"not known; write {known}"
        raise PayloadError(f"{unknown[0][:60]}: {message}", [FieldError(unknown[0], message)])
    seen = {"kind": "deployment"}
    for name in query:
        value = str(query[name])
        if name in _OTHERS or not value:
            continue
        if "\0" in value or len(value) > _LONGEST:
            message = f"at most {_LONGEST} characters, and no NUL"
            raise PayloadError(f"{name}: {message}", [FieldError(name, message)])
        meant = SYNONYMS.get(name, name)
        if seen.get(meant, value) != value and meant != "kind":
            message = f"says something else than {meant}"
            raise PayloadError(f"{name} {message}", [FieldError(name, message)])
        seen[meant] = value
    return {name: canonical_name(name, value) for name, value in seen.items()}


def _truth(text: str) -> bool:
    if text.lower() in ("", "0", "false", "no"):
        return False
    if text.lower() in ("1", "true", "yes"):
        return True
    raise PayloadError("fail: write true or false", [FieldError("fail", "write true or false")])


def _shown(found: Frozen) -> dict[str, Any]:
    freeze = found.freeze
    return {
        "name": freeze.name,
        "reason": freeze.reason,
        "since": found.since.astimezone(UTC),
        "until": found.until.astimezone(UTC),
        "team": freeze.team,
        "exceptions": [
            {"from": format_instant(start), "until": format_instant(end), "reason": why}
            for start, end, why in freeze.exceptions
            if end > found.since
        ],
    }

"""What sentry-cli asks of Sentry: releases and their deploys, as they came in by its contract."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chronos.fold import digest
from chronos.formats.sentry import SOURCE, described_release, identity_of
from chronos.models import ChangeEvent, EventKey
from opsportal.accounts.authentication import ForeignKeyAuthentication
from opsportal.accounts.permissions import Anyone, scoped
from opsportal.lib.api.errors import handle_error
from opsportal.lib.times import format_instant, utc_now

MOST_LISTED = 100
# How far back lists go.
LISTED_FOR = timedelta(days=90)


def _refuse(error: Exception, context: Mapping[str, Any]) -> Response | None:
    response = handle_error(error, context)
    if response is not None:
        response.data = {"detail": response.data["message"]}
    return response


class SentryView(APIView):
    """The base: keys, persons, and errors in Sentry's shape."""

    authentication_classes = [ForeignKeyAuthentication, SessionAuthentication]
    permission_classes = [scoped("events:read")]

    def get_exception_handler(self) -> Any:
        """Ours, in its words."""
        return _refuse


@extend_schema(exclude=True)
class Root(SentryView):
    """`GET /api/0/`: who one is."""

    permission_classes = [Anyone]

    def get(self, request: Request) -> Response:
        """A key is nobody."""
        return Response({"version": "0", "auth": {"scopes": []}, "user": None})


@extend_schema(exclude=True)
class Releases(SentryView):
    """The releases of an organization, or one of them."""

    def get(self, request: Request, org: str, version: str = "", project: str = "") -> Response:
        """The newest hundred, or the one of that version."""
        if version:
            return Response(_described(_release_of(org, version)))
        return Response([_described(event) for event in _newest(org, project)])


@extend_schema(exclude=True)
class Deploys(SentryView):
    """The deploys of a release."""

    def get(self, request: Request, org: str, version: str) -> Response:
        """The newest hundred."""
        release = _release_of(org, version)
        wanted = identity_of(org, version)[:200]
        since = release.started_at - timedelta(days=1)
        services = {release.service, *release.data.get("projects", [])}
        found = ChangeEvent.objects.filter(
            source=SOURCE,
            kind="deployment",
            service__in=services - {""},
            correlation_id=wanted,
            started_at__gte=since,
        )
        return Response([_deploy(event) for event in found[:MOST_LISTED]])


@extend_schema(exclude=True)
class Repositories(SentryView):
    """Repositories that Sentry would read commits from: none, so that the client sends them."""

    # Who sends a release asks this first.
    permission_classes = [Anyone]

    def get(self, request: Request, org: str) -> Response:
        """None."""
        return Response([])


@extend_schema(exclude=True)
class PreviousRelease(SentryView):
    """The release before, for the range of commits: not known, so the client takes its default."""

    permission_classes = [Anyone]

    def get(self, request: Request, org: str, version: str) -> Response:
        """Nothing."""
        return Response({})


releases, deploys = Releases.as_view(), Deploys.as_view()


def _release_of(org: str, version: str) -> ChangeEvent:
    """Raises NotFound."""
    key = digest(SOURCE, "id", identity_of(org, version).replace("\0", "\ufffd"))
    known = EventKey.objects.filter(pk=key).values_list("event_id", flat=True).first()
    event = ChangeEvent.objects.filter(pk=known).first() if known else None
    if event is None:
        raise NotFound("The requested resource does not exist")
    return event


def _newest(org: str, project: str) -> list[ChangeEvent]:
    wanted = {"service": project} if project else {}
    found = ChangeEvent.objects.filter(
        kind="release", source=SOURCE, started_at__gte=utc_now() - LISTED_FOR, **wanted
    )[:MOST_LISTED]
    return [event for event in found if event.data.get("organization") == org]


def _described(event: ChangeEvent) -> dict[str, Any]:
    projects = event.data.get("projects") or ([event.service] if event.service else [])
    version = str(event.data.get("release", event.version))
    return described_release(version, projects, event.started_at, event.ended_at)


def _deploy(event: ChangeEvent) -> dict[str, Any]:
    return {
        "id": str(event.pk),
        "environment": event.environment,
        "name": event.body or None,
        "url": event.links[0]["href"] if event.links else None,
        "dateStarted": format_instant(event.started_at),
        "dateFinished": _instant(event.ended_at),
    }


def _instant(instant: datetime | None) -> str | None:
    return format_instant(instant) if instant else None

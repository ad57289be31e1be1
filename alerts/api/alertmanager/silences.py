"""Silences."""

import re
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request

from alerts.alertmanager.matchers import parse_filter
from alerts.alertmanager.silences import find_silence, list_silences, put_silence, show_silence
from alerts.api.alertmanager.parameters import read_flag, read_silence
from alerts.api.alertmanager.views import AlertmanagerView, answer_json, answer_nothing
from alerts.change import end_silence
from alerts.formats.alertmanager import ShapeError, check_json
from alerts.models import Silence
from opsportal.accounts.actors import actor_of
from opsportal.accounts.models import ApiKey
from opsportal.accounts.permissions import ScopedByMethod, request_can_silence
from opsportal.lib.errors import ForbiddenError, NotFoundError
from opsportal.lib.times import utc_now

_UUID = re.compile(r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)


class _Scoped(ScopedByMethod, AlertmanagerView):
    read_scope, write_scope = "config:read", "silences:write"


class Silences(_Scoped):
    """All of them; and, by POST, a new one, or a change of one."""

    def get(self, request: Request) -> HttpResponse:
        """Those asked for."""
        query = request.query_params
        filters = parse_filter(query.getlist("filter")).items
        states = [state for state in Silence.State.values if read_flag(query, state)]
        return answer_json(list_silences(filters, states, now=utc_now()))

    def post(self, request: Request) -> HttpResponse:
        """Make or change one; the answer has the id of the one that holds from now on."""
        check_json(request.content_type or "")
        wanted = read_silence(request.data)
        key = request.auth
        silence_id = put_silence(
            wanted,
            team_id=key.team_id if isinstance(key, ApiKey) else None,
            may=lambda team_id: request_can_silence(request, team_id),
            actor=actor_of(request),
            now=utc_now(),
        )
        return answer_json({"silenceID": str(silence_id)})


class SilenceById(_Scoped):
    """One silence."""

    def get(self, request: Request, silence_id: str) -> HttpResponse:
        """It."""
        try:
            silence = find_silence(_read_id(silence_id))
        except NotFoundError:
            return answer_nothing(404)
        return answer_json(show_silence(silence, now=utc_now()))

    def delete(self, request: Request, silence_id: str) -> HttpResponse:
        """End it; one that is over stays so."""
        try:
            silence = find_silence(_read_id(silence_id))
        except NotFoundError:
            return answer_nothing(404)
        if not request_can_silence(request, silence.team_id):
            raise ForbiddenError("This key may end the silences of its own team only.")
        end_silence(silence, actor=actor_of(request), now=utc_now())
        return answer_nothing()


def _read_id(text: str) -> UUID:
    if not _UUID.fullmatch(text):
        message = f'silenceID in path must be of type uuid: "{text[:100]}"'
        raise ShapeError(422, message, 601)
    return UUID(text)

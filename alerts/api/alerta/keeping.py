"""Heartbeats and blackouts."""

from rest_framework.request import Request
from rest_framework.response import Response

from alerts.alerta.beat import forget_beat, hear_posted
from alerts.alerta.blackout import (
    change_blackout,
    end_blackout,
    find_blackout,
    list_blackouts,
    make_blackout,
)
from alerts.alerta.find import find_beat
from alerts.api.alerta.base import (
    AlertaView,
    answer_list,
    answer_ok,
    body_of,
    operator_of,
    page_of,
    team_of,
)
from alerts.formats.alerta.blackouts import write_blackout
from alerts.formats.alerta.body import read_beat
from alerts.formats.alerta.write import endpoint, write_beat
from alerts.models import AlertaHeartbeat
from opsportal.accounts.actors import actor_of
from opsportal.lib.errors import ForbiddenError
from opsportal.lib.times import utc_now

MOST_HEARTBEATS = 10_000


class HeartbeatPost(AlertaView):
    """`POST /heartbeat`."""

    write_scope = "alerts:write"

    def post(self, request: Request) -> Response:
        """It is alive."""
        now = utc_now()
        posted = read_beat(body_of(request))
        beat = hear_posted(posted, actor=actor_of(request), team_id=team_of(request), now=now)
        return answer_ok(201, id=str(beat.id), heartbeat=write_beat(beat, now))


class HeartbeatList(AlertaView):
    """`GET /heartbeats`."""

    def get(self, request: Request) -> Response:
        """By origin; `?status=ok|slow|expired`."""
        now = utc_now()
        asked = request.query_params.getlist("status")
        rows = [write_beat(beat, now) for beat in AlertaHeartbeat.objects.all()[:MOST_HEARTBEATS]]
        found = [row for row in rows if not asked or row["status"] in asked]
        page = page_of(request, len(found))
        return answer_list("heartbeats", found[page.slice], **page.written())


class HeartbeatDetail(AlertaView):
    """`/heartbeat/{id}`."""

    def get(self, request: Request, number: str) -> Response:
        """It, and how it stands."""
        return answer_ok(total=1, heartbeat=write_beat(find_beat(number), utc_now()))

    def delete(self, request: Request, number: str) -> Response:
        """Watch it no longer."""
        beat, team = find_beat(number), team_of(request)
        if team is not None and beat.heartbeat.team_id not in (None, team):
            raise ForbiddenError("This heartbeat is another team's.")
        forget_beat(beat, actor=actor_of(request), now=utc_now())
        return answer_ok()


class BlackoutPost(AlertaView):
    """`POST /blackout`."""

    write_scope = "silences:write"

    def post(self, request: Request) -> Response:
        """Tell nobody of what it names."""
        by = operator_of(request)
        found = make_blackout(body_of(request), actor=by.actor, team_id=by.team_id, now=by.now)
        written = write_blackout(*found, by.now)
        response = answer_ok(201, id=written["id"], blackout=written)
        response["Location"] = endpoint(f"/blackout/{written['id']}")
        return response


class BlackoutList(AlertaView):
    """`GET /blackouts`."""

    def get(self, request: Request) -> Response:
        """Those to come and those that hold; `?status=`."""
        now = utc_now()
        asked = request.query_params.getlist("status")
        rows = [write_blackout(*found, now) for found in list_blackouts()]
        found = [row for row in rows if not asked or row["status"] in asked]
        page = page_of(request, len(found))
        return answer_list("blackouts", found[page.slice], **page.written())


class BlackoutDetail(AlertaView):
    """`/blackout/{id}`."""

    write_scope = "silences:write"

    def get(self, request: Request, number: str) -> Response:
        """It."""
        return answer_ok(total=1, blackout=write_blackout(*find_blackout(number), utc_now()))

    def put(self, request: Request, number: str) -> Response:
        """Change it; the answer has the number of the one that holds from now on."""
        by = operator_of(request)
        found = change_blackout(
            number, body_of(request), actor=by.actor, team_id=by.team_id, now=by.now
        )
        return answer_ok(blackout=write_blackout(*found, by.now))

    def delete(self, request: Request, number: str) -> Response:
        """End it."""
        by = operator_of(request)
        end_blackout(number, actor=by.actor, team_id=by.team_id, now=by.now)
        return answer_ok()

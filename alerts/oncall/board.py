"""What pages and API show of schedules: who is on call now and next, and who may take over."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.signing import Signer
from django.db.models import Q
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from rest_framework.request import Request

from alerts.models import Schedule
from alerts.oncall.load import HORIZON, load_roster
from alerts.oncall.plan import Shift, Watch
from alerts.oncall.shifts import final_shifts, watch_at
from opsportal.accounts.models import ApiKey, User
from opsportal.accounts.permissions import can_administer, can_respond, request_can_respond

_FEED = Signer(salt="alerts.oncall.feed")
# Nobody reads further, and it is what the next shifts of a person cost.
MY_DAYS, MOST_MINE = timedelta(days=60), 10


@dataclass(frozen=True, slots=True)
class Post:
    """One schedule: who is on call, until when, and who comes next."""

    schedule: Schedule
    watch: Watch
    people: dict[int, User]

    @property
    def holder(self) -> User | None:
        """Who is on call."""
        return self.people[self.watch.current.user_id] if self.watch.current else None

    @property
    def successor(self) -> User | None:
        """Who comes next."""
        return self.people[self.watch.following.user_id] if self.watch.following else None


def read_board(schedules: Iterable[Schedule], *, now: datetime) -> list[Post]:
    """Each schedule's post, in their order, in the same few queries for all."""
    found = list(schedules)
    roster = load_roster(found, now, now + HORIZON)
    return [
        Post(schedule, watch_at(roster.plans[schedule.pk], now), roster.people)
        for schedule in found
    ]


def shifts_of(user: User, *, now: datetime) -> list[tuple[Schedule, Shift]]:
    """The person's own next shifts, soonest first."""
    mine = Schedule.objects.filter(
        Q(layers__places__user=user) | Q(overrides__user=user) | Q(imported__user=user)
    ).distinct()
    schedules = {schedule.pk: schedule for schedule in mine.select_related("team")}
    roster = load_roster(schedules.values(), now, now + MY_DAYS)
    found = [
        (schedules[pk], shift)
        for pk, plan in roster.plans.items()
        for shift in final_shifts(plan, now, now + MY_DAYS)
        if shift.user_id == user.pk
    ]
    return sorted(found, key=lambda row: (row[1].start, row[0].name))[:MOST_MINE]


def may_override(request: HttpRequest | Request, schedule: Schedule, user_id: int | None) -> bool:
    """Whether that person may be put on call by this request; None: anybody at all.

    Responders of the schedule's team take over themselves, its admins and keys name anybody.
    """
    if isinstance(getattr(request, "auth", None), ApiKey):
        return request_can_respond(request, schedule.team_id)
    user = request.user
    if can_administer(user, schedule.team_id):
        return True
    return user_id is not None and user.pk == user_id and can_respond(user, schedule.team_id)


def feed_token(schedule: Schedule) -> str:
    """What a calendar program shows instead of a key; ends with `feed_number`."""
    return _FEED.signature(f"{schedule.pk}.{schedule.feed_number}")


def feed_token_fits(schedule: Schedule, token: str) -> bool:
    """Whether the token is the schedule's present one."""
    return constant_time_compare(token, feed_token(schedule))

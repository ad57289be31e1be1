"""Whom a step reaches: people by their own channels, whoever is on call among them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Prefetch

from alerts.change.personal import personal_channel
from alerts.models import Channel, EscalationPolicy, EscalationStep, EscalationTarget
from alerts.oncall.load import load_plan
from alerts.oncall.shifts import holder_at
from opsportal.accounts.models import Team, User

DEFAULT_WAIT: timedelta = EscalationPolicy._meta.get_field("repeat_after").default


@dataclass(slots=True)
class Reach:
    """Channels to tell by the name of whom they reach, and what there is to say about it."""

    channels: dict[int, str] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)

    def add(self, channel: Channel, whom: str, why: str = "") -> None:
        """Somebody is reached."""
        if channel.pk not in self.channels:
            self.channels[channel.pk] = whom
            self.words.append(f"{whom} ({why})" if why else whom)


@dataclass(frozen=True, slots=True)
class Way:
    """What a walk goes by: a policy, or all members of the team at once."""

    policy: EscalationPolicy | None
    steps: Sequence[EscalationStep]
    repeat: int
    repeat_after: timedelta

    @property
    def length(self) -> int:
        """How many steps it has; without a policy the team is the only one."""
        return len(self.steps) or 1

    def delay_of(self, step: int) -> timedelta:
        """How long after the step before this one is told; behind the last, when it is over."""
        if step >= self.length:
            return self.repeat_after
        return self.steps[step].delay if self.steps else timedelta(0)


def find_way(team: Team) -> Way:
    """How the team wants to be paged."""
    targets = EscalationTarget.objects.select_related("schedule", "user", "channel", "team")
    policies = EscalationPolicy.objects.filter(team=team, enabled=True)
    policy = policies.prefetch_related(Prefetch("steps__targets", targets)).first()
    steps = list(policy.steps.all()) if policy else []
    if policy is None or not steps:
        return Way(None, (), 0, DEFAULT_WAIT)
    return Way(policy, steps, policy.repeat, policy.repeat_after)


def reach_step(step: EscalationStep, *, now: datetime) -> Reach:
    """Everybody whom the step tells."""
    reach = Reach()
    people: dict[int, tuple[User, str]] = {}
    for target in step.targets.all():
        if target.channel is not None:
            _add_channel(target.channel, reach)
        for user, why in _people_of(target, reach, now):
            people.setdefault(user.pk, (user, why))
    _add_people(people.values(), reach, now)
    return reach


def reach_members(team: Team, *, now: datetime) -> Reach:
    """All members of the team."""
    reach = Reach()
    _add_people([(user, "") for user in _members(team)], reach, now)
    if not reach.channels:
        reach.words.append(f"the team {team} has no member who can be reached")
    return reach


def _people_of(target: EscalationTarget, reach: Reach, now: datetime) -> Sequence[tuple[User, str]]:
    if target.user is not None:
        return [(target.user, "")]
    if target.team is not None:
        members = [(user, f"team {target.team}") for user in _members(target.team)]
        if not members:
            reach.words.append(f"the team {target.team} has no members")
        return members
    if target.schedule is None:
        return []
    plan = load_plan(target.schedule, now, now + timedelta(seconds=1))
    holder = holder_at(plan, now)
    if holder is None:
        reach.words.append(f"nobody is on call for {target.schedule}")
        return []
    return [(User.objects.get(pk=holder), f"on call for {target.schedule}")]


def _members(team: Team) -> Sequence[User]:
    return list(User.objects.filter(memberships__team=team, is_active=True).order_by("username"))


def _add_channel(channel: Channel, reach: Reach) -> None:
    if channel.enabled:
        reach.add(channel, f"channel {channel}")
    else:
        reach.words.append(f"the channel {channel} is disabled")


def _add_people(people: Iterable[tuple[User, str]], reach: Reach, now: datetime) -> None:
    # In the same order everywhere: channels that are made on the spot lock their person.
    for user, why in sorted(people, key=lambda found: found[0].pk):
        channel = personal_channel(user, now=now)
        if channel is not None:
            reach.add(channel, user.get_username(), why)
        else:
            missing = "no channel and no e-mail address" if user.is_active else "has left"
            reach.words.append(f"{user} cannot be reached: {missing}")

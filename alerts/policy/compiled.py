"""Rules, silences, inhibitions and subscriptions in the form in which they are asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from alerts.models import RuleAction
from alerts.policy.digest import Digest, parse_digest
from alerts.policy.states import State
from opsportal.lib.errors import PayloadError
from opsportal.lib.matchers import MatcherError, Matchers, parse_matchers
from opsportal.lib.windows import Hours, Recurrence, Window, parse_hours

Kind = RuleAction.Kind
# After a week of quiet hours on end it is told all the same.
_MOST_WINDOWS = 14


@dataclass(frozen=True, slots=True)
class Asked:
    """What all that is asked has in common; `complaint` says why it cannot be asked at all."""

    id: int
    version: int
    name: str
    match: str
    matchers: Matchers
    complaint: str
    # The team that owns it; empty: all the portal's.
    team: str

    def foreign_to(self, team: str) -> bool:
        """Whether an alert of that team is not its owner's to hush or to change."""
        return self.team != "" and team not in ("", self.team)


@dataclass(frozen=True, slots=True)
class Action:
    """One deed of a rule."""

    kind: str
    # Whom it is for: a channel's or a team's name, the field that is set, the plug-in.
    what: str
    # The channel's or the team's id; None: there is none.
    target: int | None = None
    # The reason of a `suppress`, the value of a `set`.
    value: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    dry_run: bool = True
    approval: str = RuleAction.Approval.REQUIRED.value


@dataclass(frozen=True, slots=True)
class CompiledRule(Asked):
    """A rule as it is asked."""

    order: int
    stop: bool
    enabled: bool
    active_times: Hours | None
    group_by: tuple[str, ...]
    group_wait: timedelta
    group_interval: timedelta
    actions: tuple[Action, ...]

    def active_at(self, now: datetime) -> bool:
        """Whether it is asked at all at that time."""
        return self.active_times is None or _holds(
            self.active_times, now.replace(second=0, microsecond=0)
        )


@dataclass(frozen=True, slots=True)
class CompiledSilence(Asked):
    """A silence as it is asked; `name` is its comment."""

    uuid: str
    starts_at: datetime
    ends_at: datetime | None
    ended_at: datetime | None
    recurrence: Recurrence | None

    def window_at(self, now: datetime) -> Window | None:
        """The time around `now` for which it silences; None: it does not."""
        end = min((at for at in (self.ends_at, self.ended_at) if at is not None), default=None)
        if now < self.starts_at or (end is not None and now >= end):
            return None
        if self.recurrence is not None:
            found = self.recurrence.window_at(now)
            return found and (found[0], min(found[1], self.ended_at or found[1]))
        return self.starts_at, end or now

    def next_change(self, now: datetime) -> datetime | None:
        """When it may next begin or end; None: never again."""
        if window := self.window_at(now):
            return window[1]
        if now < self.starts_at:
            return self.starts_at
        if self.recurrence is None or (self.ended_at is not None and now >= self.ended_at):
            return None
        return next((start for start, _ in self.recurrence.next_windows(now, 1)), None)


@dataclass(frozen=True, slots=True)
class CompiledInhibition(Asked):
    """An inhibition as it is asked; `matchers` are those of its targets."""

    source_match: str
    sources: Matchers
    equal: tuple[str, ...]
    enabled: bool


@dataclass(frozen=True, slots=True)
class CompiledSubscription(Asked):
    """A subscription as it is asked."""

    user: int | None
    # None: the person's own, found or made when it is told.
    channel: int | None
    channel_name: str
    min_severity: str
    digest: Digest | None
    quiet_hours: Hours | None
    tell_resolved: bool
    enabled: bool

    def next_message(self, now: datetime) -> datetime | None:
        """When what comes now is told; None: at once."""
        at = self.digest.next_at(now) if self.digest else now
        for _ in range(_MOST_WINDOWS):
            if not (self.quiet_hours and (window := self.quiet_hours.window_at(at))):
                break
            at = window[1]
        return at if at > now else None

    @property
    def interval(self) -> timedelta:
        """Between two of its messages."""
        return self.digest.interval if self.digest else timedelta(0)


def compile_rule(rule_id: int, version: int, state: State) -> CompiledRule:
    """Of the values that `states.rule_policy` made."""
    matchers, complaint = _matchers(state["match"])
    hours, wrong = _hours(state.get("active_times", ""), "UTC")
    ids = state.get("ids", {})
    return CompiledRule(
        id=rule_id,
        version=version,
        name=state["name"],
        match=state["match"],
        matchers=matchers,
        complaint=complaint or wrong,
        team=state["team"],
        order=state["order"],
        stop=state["stop"],
        enabled=state["enabled"],
        active_times=hours,
        group_by=tuple(state.get("group_by", ())),
        group_wait=timedelta(seconds=state.get("group_wait", 0)),
        group_interval=timedelta(seconds=state.get("group_interval", 0)),
        actions=tuple(action for said in state["actions"] for action in _actions(said, ids)),
    )


def compile_silence(silence_id: int, version: int, state: State) -> CompiledSilence:
    """Of the values that `states.silence_policy` made."""
    matchers, complaint = _matchers(state["match"])
    starts_at = datetime.fromisoformat(state["starts_at"])
    ends_at = _instant(state.get("ends_at"))
    recurrence = None
    if rule := state.get("recurrence"):
        duration = timedelta(seconds=state.get("duration") or 0)
        text = rule.strip().upper().removeprefix("RRULE:")
        recurrence = Recurrence(text, state["zone"], starts_at, duration, ends_at)
    return CompiledSilence(
        id=silence_id,
        version=version,
        name=state["comment"],
        match=state["match"],
        matchers=matchers,
        complaint=complaint,
        team=state["team"],
        uuid=state.get("uuid", ""),
        starts_at=starts_at,
        ends_at=ends_at,
        ended_at=_instant(state.get("ended_at")),
        recurrence=recurrence,
    )


def compile_inhibition(inhibition_id: int, version: int, state: State) -> CompiledInhibition:
    """Of the values that `states.inhibition_policy` made."""
    matchers, complaint = _matchers(state["target_match"])
    sources, wrong = _matchers(state["source_match"])
    return CompiledInhibition(
        id=inhibition_id,
        version=version,
        name=state["name"],
        match=state["target_match"],
        matchers=matchers,
        complaint=complaint or wrong,
        team=state["team"],
        source_match=state["source_match"],
        sources=sources,
        equal=tuple(state["equal"]),
        enabled=state["enabled"],
    )


def compile_subscription(
    subscription_id: int, version: int, state: State, personal: Mapping[int, tuple[int, str]]
) -> CompiledSubscription:
    """Of the values that `states.subscription_policy` made.

    `personal` knows the channel of each person who has one: id and name.
    """
    matchers, complaint = _matchers(state["match"])
    hours, wrong = _hours(state["quiet_hours"], state["zone"])
    digest = None
    if state["digest"]:
        try:
            digest = parse_digest(state["digest"], state["zone"])
        except PayloadError as error:
            wrong = wrong or error.message
    ids = state["ids"]
    channel, name = ids["channel"], state["channel"]
    if channel is None and ids["user"] is not None:
        channel, name = personal.get(ids["user"], (None, f"{state['user']}'s own channel"))
    return CompiledSubscription(
        id=subscription_id,
        version=version,
        name=state["name"],
        match=state["match"],
        matchers=matchers,
        complaint=complaint or wrong,
        team=state["team"],
        user=ids["user"],
        channel=channel,
        channel_name=name,
        min_severity=state["min_severity"],
        digest=digest,
        quiet_hours=hours,
        tell_resolved=state["tell_resolved"],
        enabled=state["enabled"],
    )


def _actions(said: Mapping[str, Any], ids: Mapping[str, Any]) -> Sequence[Action]:
    """The deeds of one entry; `set` may name several fields."""
    if "notify" in said:
        name = said["notify"]
        return [Action(Kind.NOTIFY, name, ids.get("channels", {}).get(name))]
    if "page" in said:
        name = said["page"]
        return [Action(Kind.PAGE, name, ids.get("teams", {}).get(name))]
    if "suppress" in said:
        return [Action(Kind.SUPPRESS, "", value=said["suppress"])]
    if "remediate" in said:
        return [
            Action(
                Kind.REMEDIATE,
                said["remediate"],
                parameters=said["with"],
                dry_run=said["dry_run"],
                approval=said["approval"],
            )
        ]
    return [Action(Kind.SET, name, value=value) for name, value in said["set"].items()]


def _matchers(text: str) -> tuple[Matchers, str]:
    """The matchers; what cannot be read matches nothing, and says why."""
    try:
        return parse_matchers(text), ""
    except MatcherError as error:
        return Matchers(), error.message


def _hours(text: str, zone: str) -> tuple[Hours | None, str]:
    """Hours, None for always; and what is wrong with them."""
    if not text.strip():
        return None, ""
    try:
        return parse_hours(text, zone), ""
    except PayloadError as error:
        return None, error.message


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@lru_cache(maxsize=4096)
def _holds(hours: Hours, minute: datetime) -> bool:
    """Hours begin and end on whole minutes."""
    return hours.holds(minute)

"""Change windows in the form in which they are asked."""

from dataclasses import dataclass
from datetime import datetime

from alerts.models import ChangeWindow
from alerts.normalise import SEVERITY_RANK
from alerts.policy.compiled import Asked
from alerts.policy.states import State
from opsportal.lib.matchers import MatcherError, Matchers, parse_matchers
from opsportal.lib.times import format_instant


@dataclass(frozen=True, slots=True)
class CompiledWindow(Asked):
    """A change window as it is asked; `id` is the change's, `name` its title."""

    severity_up_to: str
    starts_at: datetime
    ends_at: datetime

    def holds_at(self, now: datetime) -> bool:
        """Whether the change is under way then, as far as is known."""
        return self.starts_at <= now < self.ends_at

    def next_change(self, now: datetime) -> datetime | None:
        """When it next begins or ends; None: never again."""
        return next((at for at in (self.starts_at, self.ends_at) if at > now), None)

    def covers(self, severity: str) -> bool:
        """Whether an alert of that severity may be held back."""
        return SEVERITY_RANK[severity] <= SEVERITY_RANK[self.severity_up_to]

    @property
    def text(self) -> str:
        """What holds an alert back, and until when."""
        return f"change {self.id} until {self.ends_at:%Y-%m-%d %H:%M} UTC: {self.name}"


def window_policy(window: ChangeWindow) -> State:
    """All that decides, as plain values."""
    return {
        "event": window.event_id,
        "title": window.title,
        "match": window.match,
        "severity_up_to": window.severity_up_to,
        "starts_at": format_instant(window.starts_at),
        "ends_at": format_instant(window.ends_at),
        "author": window.author,
        "team": window.team.name if window.team else "",
        "ids": {"team": window.team_id},
    }


def compile_window(number: int, state: State) -> CompiledWindow:
    """Of the values that `window_policy` made."""
    matchers, complaint = Matchers(), ""
    try:
        matchers = parse_matchers(state["match"])
    except MatcherError as error:
        complaint = error.message
    return CompiledWindow(
        id=state["event"],
        version=number,
        name=state["title"],
        match=state["match"],
        matchers=matchers,
        complaint=complaint,
        team=state["team"],
        severity_up_to=state["severity_up_to"],
        starts_at=datetime.fromisoformat(state["starts_at"]),
        ends_at=datetime.fromisoformat(state["ends_at"]),
    )

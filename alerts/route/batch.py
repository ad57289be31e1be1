"""What a batch of decisions knows, and what it will write."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from alerts.change.personal import personal_channel
from alerts.episodes import NewNotification
from alerts.escalate import Wish
from alerts.hold import Episode, Held
from alerts.models import (
    AlertGroup,
    Notification,
    Remediation,
    Transition,
)
from alerts.policy import Firing, Grouping, Policy, load_policy
from alerts.policy.firing import find_firing
from alerts.route.flapping import Openings, count_openings
from opsportal.accounts.models import User
from opsportal.lib.outbox import OutboxRow

Kind = Transition.Kind
ENDS = frozenset({Kind.RESOLVED, Kind.EXPIRED})
# Nobody can have been told of an episode before it was opened.
OPENINGS = frozenset({Kind.OPENED, Kind.REOPENED})
RESOLVED = "resolved"
State = OutboxRow.State


class Row(NamedTuple):
    """One notification that an episode has led to before."""

    pk: int
    alert_id: int
    channel_id: int
    about: str
    state: str
    lead_id: int | None
    group_id: int | None
    subscription_id: int | None

    @property
    def waits(self) -> bool:
        """Whether it waits for its group's next message, and may still be dropped."""
        return self.state == State.HELD and self.lead_id is None and self.about != RESOLVED


@dataclass(slots=True)
class Join:
    """Notifications that are to join one group."""

    channel_id: int
    grouping: Grouping
    rule_id: int | None = None
    subscription_id: int | None = None
    notifications: list[NewNotification] = field(default_factory=list)
    # The decisions that these came from.
    joined: list[Held] = field(default_factory=list)
    # Whether one of them says that something fires.
    fires: bool = False


@dataclass(slots=True)
class Batch:
    """Read once, then filled decision by decision."""

    now: datetime
    policy: Policy
    firing: Firing
    openings: dict[str, Openings]
    rows: dict[int, list[Row]]
    # alert id -> channel id -> what it has been told
    told: dict[int, dict[int, set[str]]]
    # Episodes that rules have changed, or whose suppression is another.
    changed: dict[int, Episode] = field(default_factory=dict)
    # Those of them that rules have set something of.
    amended: set[int] = field(default_factory=set)
    transitions: list[Transition] = field(default_factory=list)
    notifications: list[NewNotification] = field(default_factory=list)
    # Group keys that somebody is told by.
    joins: dict[str, Join] = field(default_factory=dict)
    # Groups that were locked, by id; and which of what waited in them is no longer wanted.
    groups: dict[int, AlertGroup] = field(default_factory=dict)
    waiting: set[int] = field(default_factory=set)
    dropped: list[int] = field(default_factory=list)
    # Groups whose next message is at another time.
    moved: dict[int, AlertGroup] = field(default_factory=dict)
    # Groups by id that get an end.
    ends: dict[int, list[NewNotification]] = field(default_factory=lambda: defaultdict(list))
    wishes: list[Wish] = field(default_factory=list)
    # alert id -> the decision that pages for it
    paged: dict[int, Held] = field(default_factory=dict)
    # Alerts that got worse, and are not held back: their walks begin anew.
    worsened: set[int] = field(default_factory=set)
    remediations: list[Remediation] = field(default_factory=list)
    # rule id -> transitions that it matched, notifications that it made
    hits: dict[int, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    _people: dict[int, User] | None = None
    _personal: dict[int, int | None] = field(default_factory=dict)

    def personal(self, user_id: int) -> int | None:
        """The channel of a person who had none when the policy was loaded."""
        if self._people is None:
            wanted = [found.user for found in self.policy.subscriptions if found.channel is None]
            people = User.objects.filter(pk__in=[pk for pk in wanted if pk], is_active=True)
            self._people = people.exclude(email="").in_bulk()
        if user_id not in self._personal:
            user = self._people.get(user_id)
            channel = personal_channel(user, now=self.now) if user else None
            self._personal[user_id] = channel.pk if channel else None
        return self._personal[user_id]


def open_batch(held: Sequence[Held], now: datetime) -> Batch:
    """Read whatever the decisions may need."""
    policy = load_policy()
    fires = [
        found for found in held if found.kind not in ENDS and found.episode.resolved_at is None
    ]
    firing = Firing()
    if policy.inhibitions:
        firing = find_firing(policy, [found.episode.matched_labels() for found in fires])
    rows = _rows({found.episode.pk for found in held if found.kind not in OPENINGS})
    told: dict[int, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for alert_rows in rows.values():
        for row in alert_rows:
            told[row.alert_id][row.channel_id].add(row.about)
    flapping = {
        found.episode.dedup_key
        for found in fires
        if found.kind == Kind.REOPENED or found.episode.flapping
    }
    return Batch(now, policy, firing, count_openings(flapping, now), rows, told)


def _rows(alert_ids: set[int]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    if alert_ids:
        rows = Notification.objects.filter(alert_id__in=alert_ids).order_by("pk")
        for values in rows.values_list(*Row._fields):
            found[values[1]].append(Row(*values))
    return found

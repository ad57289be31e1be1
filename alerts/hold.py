"""What routing knows of a claimed decision: its transition, and the episode it is about.

Plain structs instead of model instances: a storm has thousands, and instances cost five times as
much. Whatever rules may look at is here; what they set goes back by column.
"""

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from msgspec import Struct

from alerts.labels import overlay_labels
from alerts.models import Alert, Decision, Transition
from opsportal.lib.outbox import OutboxRow


class Episode(Struct):
    """An open or resolved episode as rules see it; what they set is set here as well."""

    pk: int
    dedup_key: str
    name: str
    status: str
    severity: str
    received_severity: str
    summary: str
    source: str
    service: str
    resource: str
    environment: str
    region: str
    labels: dict[str, str]
    value: float | None
    runbook_url: str
    suppressed: str
    snoozed_until: datetime | None
    resolved_at: datetime | None
    team_name: str | None

    def matched_labels(self) -> dict[str, str]:
        """What matchers see."""
        return overlay_labels(self, self.team_name or "")


class Held(Struct):
    """A decision that is ours to make."""

    pk: int
    transition_id: int
    kind: str
    after: str
    episode: Episode
    outcome: str = ""
    reasons: list[dict[str, object]] = []


_EPISODE = "transition__alert__"
_COLUMNS = (
    "pk",
    "attempts",
    "due_at",
    "transition_id",
    "transition__kind",
    "transition__after",
    f"{_EPISODE}id",
    *(f"{_EPISODE}{name}" for name in Episode.__struct_fields__[1:-1]),
    f"{_EPISODE}team__name",
)


def hold_decisions(decisions: Sequence[Decision]) -> list[Held]:
    """Those that are still claimed by us, locked with their episodes, in the order of events."""
    ours = {decision.pk: (decision.attempts, decision.due_at) for decision in decisions}
    transitions = Transition.objects.filter(decision__in=list(ours)).values("alert_id")
    # Episodes are locked by key everywhere, and before anything that hangs on them.
    _lock(Alert.objects.filter(pk__in=transitions).order_by("dedup_key"))
    _lock(Decision.objects.filter(pk__in=list(ours)).order_by("pk"))
    rows = Decision.objects.filter(pk__in=list(ours), state=OutboxRow.State.CLAIMED)
    episodes: dict[int, Episode] = {}
    held = []
    for pk, attempts, due_at, transition_id, kind, after, *columns in rows.values_list(*_COLUMNS):
        if (attempts, due_at) != ours[pk]:
            continue
        # One instance per episode, so that later transitions see what rules set before.
        episode = episodes.setdefault(columns[0], Episode(*columns))
        held.append(Held(pk, transition_id, kind, after, episode))
    return sorted(held, key=attrgetter("transition_id"))


def _lock(rows: Any) -> None:
    list(rows.select_for_update().values_list("pk"))

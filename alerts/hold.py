"""What routing knows of a claimed decision: its transition, and the episode it is about.

Plain structs instead of model instances: a storm has thousands, and instances cost five times as
much. Whatever rules may look at is here; what they set goes back by column.
"""

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter

from msgspec import Struct
from msgspec.json import Decoder

from alerts.episodes import statements
from alerts.labels import overlay_labels
from alerts.models import Decision


class Episode(Struct, gc=False):
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
    flapping: int
    received_at: datetime
    snoozed_until: datetime | None
    resolved_at: datetime | None
    team_id: int | None
    team_name: str | None

    def matched_labels(self) -> dict[str, str]:
        """What matchers see."""
        return overlay_labels(self, self.team_name or "")


class Held(Struct, gc=False):
    """A decision that is ours to make."""

    pk: int
    transition_id: int
    kind: str
    after: str
    episode: Episode
    outcome: str = ""
    reasons: list[dict[str, object]] = []
    # What matchers saw, and the version of what was asked; None: nothing was.
    labels: dict[str, str] | None = None
    policy_version: int | None = None


# Columns of Alert of the same names; the team's name comes last, beside them.
_COLUMNS = Episode.__struct_fields__[1:-1]
_LABELS = _COLUMNS.index("labels")
_labels = Decoder(dict[str, str])


def hold_decisions(decisions: Sequence[Decision]) -> list[Held]:
    """Those that are still claimed by us, locked with their episodes, in the order of events."""
    ours = {decision.id: (decision.attempts, decision.due_at) for decision in decisions}
    episodes: dict[int, Episode] = {}
    held = []
    for pk, attempts, due_at, transition_id, kind, after, alert_id, *columns in statements().hold(
        list(ours), _COLUMNS
    ):
        if (attempts, due_at) != ours[pk]:
            continue
        # One instance per episode, so that later transitions see what rules set before.
        episode = episodes.get(alert_id)
        if episode is None:
            episode = episodes[alert_id] = Episode(alert_id, *columns)
            episode.labels = _labels.decode(columns[_LABELS])
        held.append(Held(pk, transition_id, kind, after, episode))
    held.sort(key=attrgetter("transition_id"))
    return held

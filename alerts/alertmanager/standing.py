"""Where an alert stands: who is told of it and what holds it back, by the policy that routes."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from msgspec import Raw
from msgspec.json import Encoder

from alerts.alertmanager.rows import OpenAlert
from alerts.policy import Firing, Grouping, Verdict, load_policy
from alerts.policy.firing import find_firing

# The receiver of what nobody is told of.
NOBODY = "null"
# A group of its own for each alert.
ALONE = None
Labels = tuple[tuple[str, str], ...]


_encode = Encoder().encode


@dataclass(slots=True)
class Standing:
    """What the policy says of an alert now."""

    # Receivers, each with the labels of the group that it is told in; ALONE: by itself.
    receivers: Sequence[tuple[str, Labels | None]]
    # Uuids of silences.
    silenced_by: Sequence[str]
    # Fingerprints of alerts.
    inhibited_by: Sequence[str]
    # What else holds it back, in words: a rule, a change, a snooze, that it flaps.
    muted_by: Sequence[str]
    # As the contract has it: most alerts share theirs.
    receivers_json: Raw = field(init=False)
    status_json: Raw = field(init=False)

    def __post_init__(self) -> None:
        status = {
            "inhibitedBy": self.inhibited_by,
            "mutedBy": self.muted_by,
            "silencedBy": self.silenced_by,
            "state": "suppressed" if self.suppressed else "active",
        }
        self.status_json = Raw(_encode(status))
        self.receivers_json = Raw(_encode([{"name": name} for name, _ in self.receivers]))

    @property
    def suppressed(self) -> bool:
        """Whether nobody is told now."""
        return bool(self.silenced_by or self.inhibited_by or self.muted_by)


class Standings:
    """Says of alert after alert where it stands; what looks alike to the policy is asked once."""

    def __init__(self, alerts: Sequence[OpenAlert], now: datetime) -> None:
        self._now = now
        self._policy = load_policy()
        self._names = self._policy.looked_at(now)
        self._uuids = {found.id: found.uuid for found in self._policy.silences_at(now)}
        self._known: dict[tuple[str, ...], Standing] = {}
        self._firing = Firing()
        if self._policy.inhibitions:
            self._firing = find_firing(self._policy, [found.matched_labels() for found in alerts])
        self._sources = {
            found.pk: found.fingerprint for found in alerts if found.pk in self._firing.pks
        }

    def of(self, alert: OpenAlert) -> Standing:
        """Where it stands."""
        standing = self._decided(alert)
        held = []
        if alert.snoozed_until is not None:
            held.append(f"snoozed until {alert.snoozed_until}")
        if alert.suppressed.startswith("flapping"):
            held.append(alert.suppressed)
        return replace(standing, muted_by=(*standing.muted_by, *held)) if held else standing

    def _decided(self, alert: OpenAlert) -> Standing:
        labels = alert.matched_labels()
        # A source does not hold back itself, so that its id matters.
        key = (
            None
            if alert.pk in self._firing.pks
            else tuple([labels.get(n, "") for n in self._names])
        )
        found = None if key is None else self._known.get(key)
        if found is None:
            verdict = self._policy.decide(alert, alert.severity, now=self._now, firing=self._firing)
            found = self._standing(verdict)
            if key is not None:
                self._known[key] = found
        return found

    def _standing(self, verdict: Verdict) -> Standing:
        receivers: dict[str, Labels | None] = {}
        for telling in verdict.tellings:
            receivers.setdefault(telling.name, _group(telling.group))
        for page in verdict.pages:
            receivers.setdefault(page_name(page.name), page.group)
        silences = [reason["silence"] for reason in verdict.reasons if "silence" in reason]
        sources = [reason["alert"] for reason in verdict.reasons if "inhibition" in reason]
        # How its text begins tells what held it back first; see `alerts.policy`.
        muted = verdict.suppressed.startswith(("rule ", "change "))
        return Standing(
            receivers=list(receivers.items()) or [(NOBODY, ())],
            silenced_by=[self._uuids[pk] for pk in silences if isinstance(pk, int)],
            inhibited_by=[self._sources[pk] for pk in sources if pk in self._sources],
            muted_by=[verdict.suppressed] if muted else [],
        )


def page_name(team: str) -> str:
    """The receiver that stands for paging a team."""
    return f"page {team}"


def _group(grouping: Grouping | None) -> Labels | None:
    return ALONE if grouping is None else grouping.labels

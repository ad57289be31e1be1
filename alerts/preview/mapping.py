"""What a draft of a mapping would make of a payload; nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from alerts.explain.words import words_of_verdict
from alerts.formats.generic import MAX_BODY
from alerts.formats.mapping import Values, draft_mapping
from alerts.formats.reading import Reading, as_text, read_payload
from alerts.labels import overlay_labels
from alerts.normalise import RESOLVED, AlertEvent
from alerts.policy import Policy, load_policy
from opsportal.accounts.models import Team
from opsportal.lib.contracts import Received
from opsportal.lib.errors import FieldError, PayloadError

# So many alerts of a payload are shown.
MOST_SHOWN = 20
LONGEST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class MappedAlert:
    """One alert of the payload, and what the rules as they are would do with it."""

    number: int
    reading: Reading
    # What would come of it, in a sentence, and the rules that match.
    says: str = ""
    rules: Sequence[tuple[int, str]] = ()


@dataclass(slots=True)
class MappingPreview:
    """The alerts, what each expression found in the first of them, and every complaint."""

    complaints: list[FieldError] = field(default_factory=list)
    found: dict[str, str] = field(default_factory=dict)
    alerts: list[MappedAlert] = field(default_factory=list)
    total: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Draft:
    """An alert that is none yet, as rules see it."""

    event: AlertEvent
    team: str
    pk: int = 0
    runbook_url: str = ""

    def matched_labels(self) -> dict[str, str]:
        """What matchers see."""
        return overlay_labels(self.event, self.team)


def preview_mapping(
    values: Values, payload: str, *, team: Team | None, now: datetime
) -> MappingPreview:
    """Try the mapping as far as it can be read; `team` is that of the key that would send."""
    mapping, errors = draft_mapping(values)
    preview = MappingPreview(complaints=list(errors))
    if not payload.strip():
        preview.note = "There is no payload to try it on: paste one, or choose one that came in."
        return preview
    body = payload.encode()
    if len(body) > MAX_BODY:
        message = f"larger than {MAX_BODY // 1024} KiB, which the door does not take"
        preview.complaints.append(FieldError("payload", message))
        return preview
    received = Received(body, now, team_id=team.pk if team else None)
    try:
        readings = read_payload(mapping, received)
    except PayloadError as error:
        wrong = error.errors or [FieldError("payload", error.message)]
        preview.complaints += wrong
        return preview
    preview.note, preview.total = readings.note, len(readings.alerts)
    if readings.alerts:
        _show_found(preview, readings.alerts[0])
    policy = load_policy()
    name = team.name if team else ""
    preview.alerts = [
        _mapped(number, reading, policy, name, now)
        for number, reading in enumerate(readings.alerts[:MOST_SHOWN], 1)
    ]
    return preview


def _show_found(preview: MappingPreview, first: Reading) -> None:
    broken = {error.field.removeprefix("fields.") for error in preview.complaints}
    preview.complaints += [error for error in first.errors if error.field not in broken]
    for name, found in first.found.items():
        preview.found[name] = _shown(found)


def _shown(found: Any) -> str:
    text = "nothing" if found is None else as_text(found)
    if isinstance(found, str):
        text = f"“{text}”"
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _mapped(number: int, reading: Reading, policy: Policy, team: str, now: datetime) -> MappedAlert:
    event = reading.event
    if event is None:
        return MappedAlert(number, reading)
    if event.status == RESOLVED:
        return MappedAlert(number, reading, "It would end the open alert of this dedup key.")
    verdict = policy.decide(_Draft(event, team), event.severity, now=now)
    rules = [
        (rule, str(reason["name"]))
        for reason in verdict.reasons
        if isinstance(rule := reason.get("rule"), int)
    ]
    return MappedAlert(number, reading, words_of_verdict(verdict), rules)

"""Decide: who is told of a transition, by the rules in their order, and why.

A batch deed: the number of queries is the same for one decision and for two hundred.

`Decision.reasons` is a list; one object per rule looked at,
`{rule, name, match, matched, failed, actions: [text], stopped}` (`failed` is the matcher that did
not hold), and `{note}` where something else decided.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from alerts.episodes import statements
from alerts.hold import Held, hold_decisions
from alerts.models import Alert, Decision, Notification, Transition
from alerts.normalise import SEVERITY_RANK
from alerts.rulebook import Rulebook, Verdict, load_rulebook
from opsportal.lib.jobs import nudge
from opsportal.lib.outbox import OutboxRow

Kind = Transition.Kind
Outcome = Decision.Outcome
ENDS = frozenset({Kind.RESOLVED, Kind.EXPIRED})
# Transitions whose `after` is the severity they were about.
OF_SEVERITY = frozenset({Kind.OPENED, Kind.REOPENED, Kind.WORSENED, Kind.IMPROVED})
RESOLVED = "resolved"


@dataclass(slots=True)
class _Batch:
    """What the batch knows, and what it will write."""

    now: datetime
    rulebook: Rulebook
    # alert id -> channel id -> what it has been told
    told: Mapping[int, dict[int, set[str]]]
    # alert id -> column -> what rules made of it
    changed: dict[int, dict[str, object]] = field(default_factory=lambda: defaultdict(dict))
    transitions: list[Transition] = field(default_factory=list)
    notifications: list[Notification] = field(default_factory=list)


def route_transitions(decisions: Sequence[Decision], *, now: datetime) -> None:
    """Decide each, write the notifications and the reasons, and mark the decisions done."""
    with transaction.atomic():
        held = hold_decisions(decisions)
        if not held:
            return
        batch = _Batch(now, load_rulebook(), _told({decision.episode.pk for decision in held}))
        for decision in held:
            decision.outcome, decision.reasons = _decide(decision, batch)
        _write(held, batch)
    for row in decisions:
        row.state = OutboxRow.State.DONE


def _told(alert_ids: set[int]) -> dict[int, dict[int, set[str]]]:
    told: dict[int, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    rows = Notification.objects.filter(alert_id__in=alert_ids).order_by()
    for alert_id, channel_id, about in rows.values_list("alert_id", "channel_id", "about"):
        told[alert_id][channel_id].add(about)
    return told


def _decide(held: Held, batch: _Batch) -> tuple[str, list[dict[str, object]]]:
    if held.kind in ENDS:
        return _tell_the_told(held, batch)
    if held.episode.resolved_at is not None:
        note = "The episode was resolved before this was routed: a firing is no longer told."
        return Outcome.NOBODY, [{"note": note}]
    severity = held.after if held.kind in OF_SEVERITY else held.episode.severity
    if severity not in SEVERITY_RANK:
        severity = held.episode.severity
    verdict = batch.rulebook.ask(held.episode, severity)
    _apply(verdict, held, batch)
    held_back = _held_back(held, verdict, batch.now)
    if held_back:
        outcome, note = held_back
        return outcome, [*verdict.reasons, {"note": note}]
    about = f"woken {held.transition_id}" if held.kind == Kind.WOKEN else verdict.severity
    return _tell(verdict, about, held, batch)


def _held_back(held: Held, verdict: Verdict, now: datetime) -> tuple[str, str] | None:
    """Why nobody is to be told, if so."""
    if verdict.suppressed:
        return Outcome.SUPPRESSED, f"Suppressed: {verdict.suppressed}"
    if held.episode.snoozed_until is not None and held.episode.snoozed_until > now:
        until = f"{held.episode.snoozed_until:%Y-%m-%d %H:%M:%S} UTC"
        return Outcome.SNOOZED, f"Snoozed until {until}; if it still fires then, it is told."
    if held.kind == Kind.IMPROVED and held.episode.status == Alert.Status.ACKNOWLEDGED:
        return Outcome.NOBODY, "Somebody has acknowledged it: that it got better is not told."
    return None


def _tell(
    verdict: Verdict, about: str, held: Held, batch: _Batch
) -> tuple[str, list[dict[str, object]]]:
    reasons = list(verdict.reasons)
    told = batch.told[held.episode.pk]
    new, already = [], []
    for channel_id, (channel, rule_id) in verdict.channels.items():
        if about in told[channel_id]:
            already.append(channel)
            continue
        told[channel_id].add(about)
        new.append(_notification(held, channel_id, about, batch.now, rule_id))
    batch.notifications.extend(new)
    if already:
        reasons.append({"note": f"Already told of {about!r}: {', '.join(already)}"})
    if new:
        return Outcome.NOTIFIED, reasons
    return (Outcome.ALREADY_TOLD if already else Outcome.NOBODY), reasons


def _tell_the_told(held: Held, batch: _Batch) -> tuple[str, list[dict[str, object]]]:
    """The end of an episode goes to everyone who heard of it, and to nobody else."""
    heard = {channel for channel, abouts in batch.told[held.episode.pk].items() if abouts}
    if not heard:
        return Outcome.NOBODY, [{"note": "Nobody was told of this episode, so nobody of its end."}]
    new = sorted(
        channel for channel in heard if RESOLVED not in batch.told[held.episode.pk][channel]
    )
    for channel_id in new:
        batch.told[held.episode.pk][channel_id].add(RESOLVED)
        batch.notifications.append(_notification(held, channel_id, RESOLVED, batch.now))
    note = f"The end is told to everyone who was told of the episode: {len(heard)} in all."
    return (Outcome.NOTIFIED if new else Outcome.ALREADY_TOLD), [{"note": note}]


def _notification(
    held: Held, channel_id: int, about: str, now: datetime, rule_id: int | None = None
) -> Notification:
    return Notification(
        alert_id=held.episode.pk,
        transition_id=held.transition_id,
        channel_id=channel_id,
        rule_id=rule_id,
        about=about,
        created_at=now,
        due_at=now,
    )


def _apply(verdict: Verdict, held: Held, batch: _Batch) -> None:
    """What rules set becomes the episode's own; each change is a transition of its own."""
    # Routed late, the episode may have another severity by now: then the later routing sets it.
    current = held.kind not in OF_SEVERITY or held.after == held.episode.received_severity
    for change in verdict.changes:
        if change.field == "severity" and not current:
            continue
        if change.field == "severity" and held.episode.severity == change.after:
            continue
        # Its team is known by name here.
        name, value = (
            ("team_name", change.after) if change.field == "team" else (change.field, change.value)
        )
        setattr(held.episode, name, value)
        batch.changed[held.episode.pk][change.field] = change.value
        batch.transitions.append(
            Transition(
                alert_id=held.episode.pk,
                kind=Kind.SET,
                at=batch.now,
                before=f"{change.field}={change.before}"[:300],
                after=f"{change.field}={change.after}"[:300],
                actor=f"rule {change.rule}"[:200],
            )
        )
    if held.episode.suppressed != verdict.suppressed:
        held.episode.suppressed = batch.changed[held.episode.pk]["suppressed"] = verdict.suppressed


def _write(held: Sequence[Held], batch: _Batch) -> None:
    # Rules set few different things: episodes that are set alike share a statement.
    alike: dict[tuple[tuple[str, object], ...], list[int]] = defaultdict(list)
    for alert_id, values in batch.changed.items():
        alike[tuple(sorted(values.items()))].append(alert_id)
    for same, alert_ids in alike.items():
        Alert.objects.filter(pk__in=alert_ids).update(**dict(same))
    if batch.transitions:
        Transition.objects.bulk_create(batch.transitions)
    if batch.notifications:
        # Whoever was told meanwhile by another worker stays told once.
        Notification.objects.bulk_create(batch.notifications, ignore_conflicts=True)
        nudge("alerts.notifications")
    statements().settle(
        [(decision.pk, decision.outcome, decision.reasons) for decision in held], batch.now
    )

"""Decisions about what fires: who is told, who is paged, what is done, or what holds it back."""

from alerts.episodes import NewNotification
from alerts.escalate import Wish, page_key
from alerts.hold import Held
from alerts.models import Alert, Decision, Remediation, Transition
from alerts.normalise import SEVERITY_RANK
from alerts.policy import Telling, Verdict
from alerts.route.batch import Batch, Join
from alerts.route.flapping import flapping_note
from alerts.route.groups import group_key
from opsportal.lib.outbox import OutboxRow

Kind = Transition.Kind
Outcome = Decision.Outcome
# Transitions whose `after` is the severity they were about.
OF_SEVERITY = frozenset({Kind.OPENED, Kind.REOPENED, Kind.WORSENED, Kind.IMPROVED})


def decide_firing(held: Held, batch: Batch) -> None:
    """Ask the policy, and note what is to be written."""
    if held.episode.resolved_at is not None:
        note = "The episode was resolved before this was routed: a firing is no longer told."
        held.outcome, held.reasons = Outcome.NOBODY, [{"note": note}]
        return
    severity = held.after if held.kind in OF_SEVERITY else held.episode.severity
    if severity not in SEVERITY_RANK:
        severity = held.episode.severity
    again = held.kind in (Kind.WOKEN, Kind.RELEASED)
    verdict = batch.policy.decide(
        held.episode,
        severity,
        now=batch.now,
        about=f"{held.kind} {held.transition_id}" if again else "",
        told=batch.told.get(held.episode.pk),
        firing=batch.firing,
    )
    held.labels, held.policy_version, held.reasons = (
        verdict.labels, batch.policy.version, verdict.reasons,
    )  # fmt: skip
    for reason in verdict.reasons:
        if isinstance(rule := reason.get("rule"), int):
            batch.hits[rule][0] += 1
    flaps, hushed = flapping_note(held.kind, held.episode, batch.openings, batch.now)
    if hushed:
        verdict.hold_back(flaps, {"flapping": held.episode.flapping, "note": f"Held back: {flaps}"})
    elif flaps:
        note = f"It is {flaps}; told once, then held back until it has been calm."
        verdict.reasons.append({"flapping": held.episode.flapping, "note": note})
    if flaps and held.kind == Kind.REOPENED:
        batch.changed[held.episode.pk] = held.episode
    _apply(verdict, held, batch)
    held_back = _held_back(held, verdict, batch)
    if held_back:
        held.outcome, note = held_back
        held.reasons.append({"note": note})
        return
    held.outcome = _tell(verdict, held, batch)
    _act(verdict, held, batch)


def _held_back(held: Held, verdict: Verdict, batch: Batch) -> tuple[str, str] | None:
    """Why nobody is to be told, if so."""
    if verdict.suppressed:
        return Outcome.SUPPRESSED, f"Suppressed: {verdict.suppressed}"
    if held.episode.snoozed_until is not None and held.episode.snoozed_until > batch.now:
        until = f"{held.episode.snoozed_until:%Y-%m-%d %H:%M:%S} UTC"
        return Outcome.SNOOZED, f"Snoozed until {until}; if it still fires then, it is told."
    if held.kind == Kind.IMPROVED and held.episode.status == Alert.Status.ACKNOWLEDGED:
        return Outcome.NOBODY, "Somebody has acknowledged it: that it got better is not told."
    return None


def _tell(verdict: Verdict, held: Held, batch: Batch) -> str:
    told = batch.told[held.episode.pk]
    already = list(verdict.already)
    count = 0
    for telling in verdict.tellings:
        channel = telling.channel
        if channel is None and telling.user is not None:
            channel = batch.personal(telling.user)
        if channel is None:
            held.reasons.append({"note": f"{telling.name}: there is no way to reach them."})
            continue
        about = _about(held, verdict, told=bool(told.get(channel)))
        if about in told[channel]:
            already.append(telling.name)
            continue
        told[channel].add(about)
        count += 1
        _notify(held, telling, channel, about, batch)
    if already:
        what = f"{held.kind}" if held.kind in (Kind.WOKEN, Kind.RELEASED) else verdict.severity
        held.reasons.append({"note": f"Already told of {what!r}: {', '.join(already)}"})
    if count or verdict.pages:
        return Outcome.NOTIFIED
    return Outcome.ALREADY_TOLD if already else Outcome.NOBODY


def _about(held: Held, verdict: Verdict, *, told: bool) -> str:
    """What a recipient is told of; who has heard nothing yet is told of it as of a new one."""
    if held.kind == Kind.WOKEN or (held.kind == Kind.RELEASED and told):
        return f"{held.kind} {held.transition_id}"
    return verdict.severity


def _notify(held: Held, telling: Telling, channel: int, about: str, batch: Batch) -> None:
    found = NewNotification(
        alert_id=held.episode.pk,
        transition_id=held.transition_id,
        channel_id=channel,
        rule_id=telling.rule,
        subscription_id=telling.subscription,
        about=about,
    )
    batch.notifications.append(found)
    if telling.rule is not None:
        batch.hits[telling.rule][1] += 1
    if telling.group is None:
        return
    found.state = OutboxRow.State.HELD
    key = group_key(telling.rule, telling.subscription, channel, telling.group.labels)
    join = batch.joins.get(key)
    if join is None:
        join = batch.joins[key] = Join(channel, telling.group, telling.rule, telling.subscription)
    join.fires = True
    join.notifications.append(found)
    join.joined.append(held)


def _act(verdict: Verdict, held: Held, batch: Batch) -> None:
    """Page and remediate: once for an episode, and again only for pages of what got worse."""
    for page in verdict.pages:
        key = "" if page.group is None else page_key(page.rule, page.team, page.group)
        batch.wishes.append(Wish(held.episode.pk, page.team, page.rule, key))
        batch.paged.setdefault(held.episode.pk, held)
    if held.kind == Kind.WORSENED:
        batch.worsened.add(held.episode.pk)
    batch.remediations.extend(
        Remediation(
            alert_id=held.episode.pk,
            rule_id=remedy.rule,
            plugin=remedy.plugin,
            parameters=remedy.parameters,
            dry_run=remedy.dry_run,
            approval=remedy.approval,
            created_at=batch.now,
            due_at=batch.now,
        )
        for remedy in verdict.remedies
    )


def _apply(verdict: Verdict, held: Held, batch: Batch) -> None:
    """What rules set becomes the episode's own; each change is a transition of its own."""
    episode = held.episode
    # Routed late, the episode may have another severity by now: then the later routing sets it.
    current = held.kind not in OF_SEVERITY or held.after == episode.received_severity
    for change in verdict.changes:
        if change.field == "severity" and (not current or episode.severity == change.after):
            continue
        if change.field == "team":
            episode.team_name, episode.team_id = change.after, change.value
        else:
            setattr(episode, change.field, change.value)
        batch.changed[episode.pk] = episode
        batch.amended.add(episode.pk)
        batch.transitions.append(
            Transition(
                alert_id=episode.pk,
                kind=Kind.SET,
                at=batch.now,
                before=f"{change.field}={change.before}"[:300],
                after=f"{change.field}={change.after}"[:300],
                actor=f"rule {change.rule}"[:200],
            )
        )
    if episode.suppressed != verdict.suppressed:
        episode.suppressed = verdict.suppressed
        batch.changed[episode.pk] = episode

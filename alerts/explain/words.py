"""Explanations in sentences, for who is woken by a phone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from alerts.explain.found import AskedNow, Explained, Part
from alerts.models import (
    Alert,
    ChangeWindow,
    Decision,
    Escalation,
    Notification,
    Silence,
    Transition,
)
from alerts.policy import Verdict
from opsportal.lib.outbox import OutboxRow

State = OutboxRow.State
_VERBS: Mapping[str, str] = MappingProxyType(
    {"email": "E-mailed to", "pagerduty": "Paged through", "webhook": "Sent to"}
)
# Sentences of one kind; the tables below the paragraph have them all.
_MOST = 4
_OUTCOMES: Mapping[str, str] = MappingProxyType(
    {
        Decision.Outcome.SUPPRESSED: "held back",
        Decision.Outcome.SNOOZED: "not told while snoozed",
        Decision.Outcome.ALREADY_TOLD: "not told again",
        Decision.Outcome.NOBODY: "told to nobody",
        "": "not decided yet",
    }
)


_TELLING, _HOLDING = ("rule", "subscription"), ("silence", "change", "inhibition")


def words_of_decision(decision: Decision, took_part: Sequence[Part]) -> str:
    """One decision in one sentence."""
    kind = decision.transition.get_kind_display().capitalize()
    names = [f"{part.kind} {part.name}" for part in took_part if part.kind in _TELLING]
    caps = [part.note.rstrip(".") for part in took_part if part.kind == "cap" and part.note]
    if decision.outcome == Decision.Outcome.NOTIFIED:
        why = f"because of {_listed(names)}" if names else _small("; ".join(caps))
        return f"{kind}: told {why}".rstrip() + "."
    said = _OUTCOMES.get(decision.outcome, decision.outcome)
    holds = [part.note.rstrip(".") for part in took_part if part.kind in _HOLDING and part.note]
    because = "; ".join(map(_small, holds or caps))
    if because.startswith(f"{said} "):
        return f"{kind}: {because}."  # it says so itself
    if not because and not names and decision.outcome == Decision.Outcome.NOBODY:
        because = "nothing that matched says whom to tell"
    return f"{kind}: {said}{f': {because}' if because else ''}."


def words_of_verdict(verdict: Verdict) -> str:
    """What would be decided, in one sentence."""
    if verdict.suppressed:
        return f"It would be held back: {verdict.suppressed}."
    told = [telling.name for telling in verdict.tellings]
    parts = [f"would tell {_listed(told)}"] if told else []
    if verdict.pages:
        parts.append(f"would page {_listed([page.name for page in verdict.pages])}")
    if verdict.remedies:
        plugins = [
            f"{remedy.plugin}{' (only simulated)' if remedy.dry_run else ''}"
            for remedy in verdict.remedies
        ]
        parts.append(f"would ask for {_listed(plugins)}")
    return f"It {_listed(parts)}." if parts else "It would tell nobody: no rule says whom."


def words_of_alert(
    alert: Alert, decisions: Sequence[Explained], asked: AskedNow | None, *, now: datetime
) -> list[str]:
    """The paragraph: who was told and why, who was not, what holds it back. Four queries."""
    words = _told(alert)
    latest = decisions[0] if decisions else None
    if latest and latest.outcome != Decision.Outcome.NOTIFIED:
        words.append(f"{latest.words} ({latest.at:%Y-%m-%d %H:%M})")
    if alert.resolved_at is None:
        words += _held(alert, latest, now)
        words += _paged(alert)
    if not words:
        words.append("Nothing was decided about it yet.")
    if asked and alert.resolved_at is None:
        words.append(f"Asked now: {_small(asked.words)}")
    return words


def _told(alert: Alert) -> list[str]:
    found = alert.notifications.select_related("channel", "rule", "subscription", "group")
    rows = list(found.defer("channel__settings").order_by("-id")[:50])
    done = [row for row in rows if row.state == State.DONE]
    words = [_told_words(row) for row in done[:_MOST]]
    if len(done) > _MOST:
        words.append(f"Told {len(done) - _MOST} times before that.")
    others = [row for row in rows if row.state != State.DONE]
    # One channel may wait for its group with several severities: that is said once.
    return words + list(dict.fromkeys(_not_told(row) for row in others[:_MOST]))


def _told_words(row: Notification) -> str:
    at = row.finished_at or row.created_at
    verb = _VERBS.get(row.channel.kind, "Told")
    name = f"{row.channel.name} at {at:%Y-%m-%d %H:%M} ({_about(row)})"
    return f"{verb} {name} because {_cause(row)}."


def _about(row: Notification) -> str:
    """What of: a severity or an end; a page, a waking and a release are named by their kind."""
    return {"page": "page", "woken": "fires on", "released": "fires on"}.get(
        row.about.partition(" ")[0], row.about
    )


def _cause(row: Notification) -> str:
    if row.about == "resolved":
        return "it is over and they had been told of it"
    if row.about.startswith("page "):
        return f"rule {row.rule.name} pages them" if row.rule else "they are paged"
    if row.subscription:
        return f"the subscription {row.subscription.name} asks for it"
    return f"rule {row.rule.name} says so" if row.rule else "a rule said so"


def _not_told(row: Notification) -> str:
    name, error = row.channel.name, row.last_error.rstrip(".")[:160]
    if row.state == State.DEAD:
        return f"{name} could not be told of {row.about!r}: {error or 'it failed for good'}."
    if row.state == State.DROPPED:
        return f"{name} was not told of {row.about!r}: {error or 'no longer needed'}."
    if row.state == State.HELD:
        when = ""
        if row.group and row.group.state == State.DUE:
            when = f" at {row.group.due_at:%H:%M:%S}"
        return f"{name} is told with its group{when}."
    return f"{name} is being told{f', again after: {error}' if error else ''}."


def _held(alert: Alert, latest: Explained | None, now: datetime) -> list[str]:
    """What holds it back, and until when."""
    words = []
    if alert.snoozed_until is not None and alert.snoozed_until > now:
        words.append(f"Snoozed until {alert.snoozed_until:%Y-%m-%d %H:%M} UTC.")
    silences = [part.id for part in _parts(latest) if part.kind == "silence"]
    if alert.suppressed and silences:
        for silence in Silence.objects.filter(pk__in=silences).order_by("pk")[:_MOST]:
            until = "it ends"
            if silence.ends_at and not silence.recurrence:
                until = f"{silence.ends_at:%Y-%m-%d %H:%M} UTC"
            words.append(f"Silenced by {silence.author} until {until}: {silence.comment}.")
    elif alert.suppressed and (changes := [p.id for p in _parts(latest) if p.kind == "change"]):
        rows = ChangeWindow.objects.filter(event_id__in=changes).order_by("pk")[:_MOST]
        # As is known now: an expected end may have been put off.
        words += [f"Held back by {window.words}." for window in rows]
    elif alert.suppressed:
        words.append(f"Held back by {alert.suppressed}.")
    return words


def _parts(latest: Explained | None) -> Sequence[Part]:
    return latest.took_part if latest else ()


def _paged(alert: Alert) -> list[str]:
    """Where the escalations are, and who was skipped."""
    words = []
    for walk in Escalation.objects.filter(alert=alert).select_related("team", "leader")[:_MOST]:
        if walk.leader and walk.progress == Escalation.Progress.FOLLOWING:
            words.append(f"Team {walk.team} is paged by the walk of alert {walk.leader.alert_id}.")
        elif walk.state in (State.DUE, State.CLAIMED) and alert.status == Alert.Status.FIRING:
            words.append(f"Team {walk.team} is paged again at {walk.due_at:%H:%M:%S}.")
        else:
            words.append(f"Paging team {walk.team}: {walk.get_progress_display()}.")
    paged = Transition.objects.filter(alert=alert, kind=Transition.Kind.PAGED).exclude(note="")
    latest = paged.order_by("-id").first()
    if latest is not None:
        words.append(f"At the last page: {latest.note.strip().splitlines()[0][:300]}")
    return words


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]


def _listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`, `a, b, c and 4 more`."""
    shown = list(dict.fromkeys(names))
    if len(shown) > 5:
        shown = [*shown[:4], f"{len(shown) - 4} more"]
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)

"""Putting it together: stored reasons, and the policy of then and of now asked again."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from alerts.explain.found import (
    AskedNow,
    Explained,
    Explanation,
    Part,
    part_of_look,
    part_of_reason,
)
from alerts.explain.words import words_of_alert, words_of_decision, words_of_verdict
from alerts.models import Alert, Decision
from alerts.policy import Policy, StoredSubject, load_policy, policy_at
from alerts.policy.firing import find_firing

# Of an alert that flaps for weeks, the latest are what matters.
MOST_DECISIONS = 100
# Putting the policy of then together costs; older decisions show what took part and no more.
MOST_TRACED, MOST_VERSIONS = 20, 5

_OLD = "It was decided before the portal kept what matchers saw: what did not match is not known."
_NOT_TRACED = "Only the latest decisions are asked again; what took part was stored."
_ENDS = "The end of an episode is told to everyone who was told of it: no rule is asked."
_NOT_ASKED = "No rule was asked."


def explain_alert(alert: Alert, *, now: datetime, traced: bool = True) -> Explanation:
    """Every routed transition of the alert, latest first, and what would be decided now.

    Not `traced` it is only what was stored, for a page that is asked for every few seconds.
    """
    found = Decision.objects.filter(transition__alert=alert).select_related("transition")
    decisions = list(found.order_by("-transition_id")[:MOST_DECISIONS])
    versions: dict[int, Policy] = {}
    explained = [
        _explain(decision, _looking(versions, traced and place < MOST_TRACED))
        for place, decision in enumerate(decisions)
    ]
    asked = _ask_now(alert, now) if traced and alert.resolved_at is None else None
    return Explanation(
        alert=alert.pk,
        words=words_of_alert(alert, explained, asked, now=now),
        decisions=explained,
        asked_now=asked,
    )


def _looking(versions: dict[int, Policy], may: bool) -> Callable[[int], Policy | None]:
    """The policies of then, while there are few."""

    def look(version: int) -> Policy | None:
        if not may:
            return None
        if version not in versions:
            if len(versions) >= MOST_VERSIONS:
                return None
            versions[version] = policy_at(version)
        return versions[version]

    return look


def _explain(decision: Decision, looks: Callable[[int], Policy | None]) -> Explained:
    transition = decision.transition
    stored = [part_of_reason(reason) for reason in decision.reasons]
    took_part: Sequence[Part] = [part for part in stored if part.acted]
    others: Sequence[Part] = [part for part in stored if not part.acted]
    policy, note = None, ""
    if not decision.outcome:
        note = "It waits for its turn."
    elif transition.kind in ("resolved", "expired"):
        note = _ENDS
    elif decision.labels is None or decision.policy_version is None:
        note = _OLD if stored and not others else ("" if others else _NOT_ASKED)
    elif not any(part.kind != "cap" for part in stored) and _was_over(decision):
        note = _NOT_ASKED
    else:
        policy = looks(decision.policy_version)
        note = "" if policy else _NOT_TRACED
    if policy is not None and decision.labels is not None:
        asked_at = decision.finished_at or transition.at
        traced = policy.trace(decision.labels, now=asked_at)
        took_part, others = _merge(took_part, [part_of_look(look) for look in traced])
    return Explained(
        transition=transition.pk,
        kind=transition.kind,
        at=transition.at,
        decided_at=decision.finished_at,
        outcome=decision.outcome,
        policy_version=decision.policy_version,
        took_part=took_part,
        others=others,
        traced=policy is not None,
        note=note,
        words=words_of_decision(decision, took_part),
    )


def _was_over(decision: Decision) -> bool:
    """Routed too late to be told: the rules were not asked."""
    return decision.outcome == Decision.Outcome.NOBODY and any(
        "resolved before" in str(reason.get("note", "")) for reason in decision.reasons
    )


def _merge(stored: Sequence[Part], traced: Sequence[Part]) -> tuple[Sequence[Part], Sequence[Part]]:
    """What was stored, with its matchers; then everything else that was looked at.

    What matched and did nothing comes before what did not match.
    """
    looks: Mapping[tuple[str, int], Part] = {(part.kind, part.id): part for part in traced}
    took_part = []
    for part in stored:
        look = looks.get((part.kind, part.id))
        took_part.append(part if look is None else _with_matchers(part, look))
    known = {(part.kind, part.id) for part in stored}
    rest = [_passive(part) for part in traced if (part.kind, part.id) not in known]
    return took_part, sorted(rest, key=lambda part: not part.matched)


def _with_matchers(part: Part, look: Part) -> Part:
    facts: dict[str, Any] = {name: getattr(part, name) for name in Part.__slots__}
    return Part(**facts | {"matchers": look.matchers, "version": part.version or look.version})


def _passive(part: Part) -> Part:
    """Looked at, and it is not among the reasons: it did nothing."""
    facts: dict[str, Any] = {name: getattr(part, name) for name in Part.__slots__}
    return Part(**facts | {"acted": False})


def _ask_now(alert: Alert, now: datetime) -> AskedNow:
    """As if a worsening came in this moment; snoozes and who was told already are left out."""
    policy = load_policy()
    subject = StoredSubject(alert)
    firing = find_firing(policy, [subject.matched_labels()])
    verdict = policy.decide(subject, alert.received_severity, now=now, firing=firing)
    traced = [part_of_look(look) for look in policy.trace(verdict.labels, now=now)]
    reasons = [part for part in map(part_of_reason, verdict.reasons) if part.acted]
    took_part, others = _merge(reasons, traced)
    return AskedNow(policy.version, words_of_verdict(verdict), took_part, others)

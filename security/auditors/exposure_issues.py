"""What checks of resource policies make of the grants in them."""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from security.auditors import Issue, Undecided, World
from security.policies.actions import is_everything
from security.policies.exposure import Grant, grants
from security.policies.trust import DANGLING, PUBLIC, THIRDPARTY, UNKNOWN

# Principals that are no more are IAM-18's, wherever they are.
SCORES: Mapping[str, int] = {PUBLIC: 10, UNKNOWN: 8, THIRDPARTY: 2}
_WORDS = {
    PUBLIC: "anybody",
    UNKNOWN: "an account that nobody here knows",
    THIRDPARTY: "a third party",
    DANGLING: "a principal that is no more",
}
_LONGEST = 200


def exposure_issues(
    policy: Any, world: World, scores: Mapping[str, int] = SCORES
) -> Iterator[Issue | Undecided]:
    """An issue for each grant to somebody of these classes.

    The subject says who may do what on what: it stays when Sids, order or layout change, and not
    when more is allowed, so that an acceptance never covers more than was accepted.
    """
    worst: dict[str, Issue] = {}
    for found in grants(policy, trust=world.trust, account_id=world.account_id):
        if not isinstance(found, Grant):
            yield Undecided(f"the policy cannot be read: {found.reason}")
        elif found.trust in scores:
            issue = _issue(found, scores[found.trust])
            known = worst.get(issue.subject)
            if known is None or (issue.score or 0) > (known.score or 0):
                worst[issue.subject] = issue
    yield from worst.values()


def grant_subject(grant: Grant) -> str:
    """Who may do what on what, in words that last."""
    who = grant.principal
    if grant.narrowed_by:
        who += (
            "[" + _joined([f"{key}={_joined(values)}" for key, values in grant.narrowed_by]) + "]"
        )
    what = _joined(grant.actions) + (f"-{_joined(grant.but)}" if grant.but else "")
    where = "" if all(map(is_everything, grant.resources)) else f" on {_joined(grant.resources)}"
    return f"{who} may {what}{where}"


def grant_evidence(grant: Grant) -> dict[str, Any]:
    """The grant, for a finding's evidence."""
    return {
        "statement": grant.statement,
        "principal": grant.principal,
        "trust": grant.trust,
        "actions": list(grant.actions),
        **({"not_actions": list(grant.but)} if grant.but else {}),
        "resources": list(grant.resources),
        **({"condition": grant.condition} if grant.condition else {}),
    }


def _issue(grant: Grant, score: int) -> Issue:
    who = _WORDS.get(grant.trust, grant.trust)
    if grant.principal != "*":
        who += f" ({grant.principal})"
    return Issue(
        f"{who} may {_joined(grant.actions)}"[:1000],
        grant_subject(grant),
        score,
        grant_evidence(grant),
    )


def _joined(values: Sequence[str]) -> str:
    """All of them; of many the first and a digest of all."""
    text = ",".join(sorted(values))
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}...{sha256(text.encode()).hexdigest()[:12]}"

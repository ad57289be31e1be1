"""Checks of what has a policy of its own: keys, topics, queues, functions, images, secrets."""

from collections.abc import Iterator, Mapping
from typing import Any

from security.auditors import Auditor, Issue, Item, Undecided, Verdict, World
from security.auditors.exposure_issues import exposure_issues
from security.policies.trust import PUBLIC, UNKNOWN

_SCORES = {PUBLIC: 10, UNKNOWN: 8}
KEY, FUNCTION = "aws.kms.key", "aws.lambda.function"


class ExposedKey(Auditor):
    """KMS-01: somebody else may use the key, it is about to go, or it never changes."""

    slug = "KMS-01"
    label = "Key exposed, about to be deleted or never rotated"
    technologies = (KEY,)
    score = 10
    compliance = ("CIS 4.6",)
    risk = "Whoever may use the key can read what it protects; once it is gone nobody can."
    remedy = (
        "Name accounts of yours in the key's policy, cancel the deletion or switch rotation on."
    )

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """One for each grant of the policy, "deletion" and "rotation"."""
        if "policy" in item.unknown:
            yield Undecided("the policy could not be read")
        else:
            yield from exposure_issues(item.config.get("policy"), world, _SCORES)
        if "key" in item.unknown:
            yield Undecided("the key could not be described", "deletion")
            yield Undecided("the key could not be described", "rotation")
            return
        key = item.config["key"]
        if key["state"] in ("PendingDeletion", "PendingReplicaDeletion"):
            yield Issue("the key is about to be deleted", "deletion", 8, key)
        yield from _rotation(item, key)


def _rotation(item: Item, key: Mapping[str, Any]) -> Iterator[Verdict]:
    if "rotation" in item.unknown:
        yield Undecided("whether the key is rotated could not be read", "rotation")
        return
    # None where it does not apply.
    rotation = item.config.get("rotation")
    if rotation and not rotation["enabled"] and key["state"] == "Enabled":
        yield Issue("the key is never rotated", "rotation", 1)


class ExposedByPolicy(Auditor):
    """MSG-01: anybody, or an account that is not known, may use it."""

    slug = "MSG-01"
    label = "Open to others by its policy"
    technologies = (
        "aws.sns.topic",
        "aws.sqs.queue",
        FUNCTION,
        "aws.ecr.repository",
        "aws.secretsmanager.secret",
    )
    score = 10
    risk = "Others can read what is in it, send to it or run it."
    remedy = "Name accounts of yours in the policy, or ask functions' URLs for IAM's signatures."

    @classmethod
    def audit(cls, item: Item, world: World) -> Iterator[Verdict]:
        """One for each grant of its policies, and for each URL that anybody may call."""
        for part, policy in _parts(item, "policy"):
            if isinstance(policy, Undecided):
                yield policy
                continue
            for found in exposure_issues(policy, world, _SCORES):
                yield _of(part, found)
        if item.technology != FUNCTION:
            return
        for part, url in _parts(item, "url"):
            if isinstance(url, Undecided):
                yield url
            elif url and url["auth"] == "NONE":
                yield _of(part, Issue("anybody may call its URL", "url", 7, {"url": url}))


def _parts(item: Item, facet: str) -> Iterator[tuple[str, Any]]:
    """The resource's own and that of each alias, by the alias's name."""
    if facet in item.unknown:
        yield "", Undecided(f"the {facet} could not be read")
    else:
        yield "", item.config.get(facet)
    if "aliases" in item.unknown:
        yield "", Undecided("the aliases could not be read")
        return
    for alias in item.config.get("aliases") or ():
        yield alias["name"], alias[facet]


def _of(alias: str, verdict: Issue | Undecided) -> Issue | Undecided:
    """Of an alias, said so."""
    if not alias:
        return verdict
    subject = f"alias {alias}: {verdict.subject}"
    if isinstance(verdict, Undecided):
        return Undecided(verdict.reason, subject)
    summary = f"alias {alias}: {verdict.summary}"
    return Issue(summary, subject, verdict.score, verdict.evidence)

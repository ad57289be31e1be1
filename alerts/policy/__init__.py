"""What decides about alerts: rules, silences, inhibitions and subscriptions, as pure values.

`load_policy()` is the policy as it is, `policy_at(version)` as it stood, `policy.replace(state)`
the same with a draft; `policy.decide(subject, severity, now=...)` is asked by routing and previews
alike, `policy.trace(labels, now=...)` shows each matcher. None of the last three queries or writes.
"""

from alerts.policy.compiled import (
    CompiledInhibition,
    CompiledRule,
    CompiledSilence,
    CompiledSubscription,
)
from alerts.policy.engine import Policy
from alerts.policy.facts import ChannelFact, Facts
from alerts.policy.load import forget_policy, load_policy, policy_at
from alerts.policy.states import rule_policy
from alerts.policy.trace import Look
from alerts.policy.verdict import (
    Firing,
    Grouping,
    Page,
    Remedy,
    Setting,
    Source,
    StoredSubject,
    Subject,
    Telling,
    Verdict,
)

__all__ = [
    "ChannelFact",
    "CompiledInhibition",
    "CompiledRule",
    "CompiledSilence",
    "CompiledSubscription",
    "Facts",
    "Firing",
    "Grouping",
    "Look",
    "Page",
    "Policy",
    "Remedy",
    "Setting",
    "Source",
    "StoredSubject",
    "Subject",
    "Telling",
    "Verdict",
    "forget_policy",
    "load_policy",
    "policy_at",
    "rule_policy",
]

"""Policies made of plain values, and subjects to ask them about: no database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from alerts.policy import ChannelFact, Facts, Policy
from alerts.policy.compiled import (
    compile_inhibition,
    compile_rule,
    compile_silence,
    compile_subscription,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday
TEAMS = {"payments": 1, "search": 2}
CHANNELS = {1: ChannelFact("ops", enabled=True), 2: ChannelFact("pager", enabled=True)}
_numbers = count(1)


@dataclass
class Asking:
    """A subject."""

    labels: dict[str, str] = field(default_factory=dict)
    pk: int = 1
    runbook_url: str = ""

    def matched_labels(self) -> dict[str, str]:
        return {"service": "", "team": "", "severity": "warning"} | self.labels


def rule(name: str, match: str = "", *actions: Mapping[str, Any], **more: Any):
    channels = {fact.name: pk for pk, fact in CHANNELS.items()}
    state = {
        "name": name, "match": match, "order": 100, "stop": False, "enabled": True, "team": "",
        "active_times": "", "group_by": [], "group_wait": 10.0, "group_interval": 300.0,
        "actions": list(actions),
        "ids": {"team": None, "channels": channels, "teams": TEAMS},
    }  # fmt: skip
    return compile_rule(next(_numbers), 1, state | more)


def silence(match: str, **more: Any):
    state = {
        "match": match, "starts_at": "2026-03-02T00:00:00Z", "ends_at": "2026-03-03T00:00:00Z",
        "recurrence": "", "zone": "UTC", "duration": None, "comment": "maintenance",
        "author": "jo", "team": "", "end_when_unmatched": False, "ended_at": "",
    }  # fmt: skip
    return compile_silence(next(_numbers), 1, state | more)


def inhibition(source: str, target: str, *equal: str, **more: Any):
    state = {
        "name": "explained", "source_match": source, "target_match": target,
        "equal": list(equal), "enabled": True, "team": "",
    }  # fmt: skip
    return compile_inhibition(next(_numbers), 1, state | more)


def subscription(match: str = "", *, personal: Any = None, ids: Any = None, **more: Any):
    state = {
        "name": "mine", "user": "jo", "team": "", "match": match, "min_severity": "info",
        "channel": "", "digest": "", "quiet_hours": "", "zone": "UTC", "tell_resolved": True,
        "enabled": True, "ids": {"user": 7, "team": None, "channel": None} | (ids or {}),
    }  # fmt: skip
    return compile_subscription(next(_numbers), 1, state | more, personal or {})


def policy(*asked: Any, channels: Any = None) -> Policy:
    kinds: dict[str, list[Any]] = {}
    for one in asked:
        kinds.setdefault(type(one).__name__, []).append(one)
    return Policy(
        Facts(
            version=3,
            rules=sorted(kinds.get("CompiledRule", []), key=lambda one: (one.order, one.id)),
            silences=kinds.get("CompiledSilence", []),
            inhibitions=kinds.get("CompiledInhibition", []),
            subscriptions=kinds.get("CompiledSubscription", []),
            channels=CHANNELS if channels is None else channels,
            teams=TEAMS,
        )
    )


NOTIFY, PAGER = {"notify": "ops"}, {"notify": "pager"}


def decide(asked: Policy, labels: dict[str, str] | None = None, **more: Any):
    subject = Asking(labels or {})
    severity = subject.matched_labels()["severity"]
    return asked.decide(subject, severity, now=more.pop("now", NOON), **more)

"""What an explanation is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alerts.policy import Look

KINDS = ("rule", "silence", "change", "inhibition", "subscription")


@dataclass(frozen=True, slots=True)
class Part:
    """One rule, silence, change, inhibition, subscription or cap, with what it had to say.

    `version` is 0 where none was kept. `matchers` are `(text, holds)`; empty when they are not
    known any more. `acted`: it took part in the decision.
    """

    kind: str
    id: int
    version: int
    name: str
    match: str
    matchers: Sequence[tuple[str, bool]]
    matched: bool
    acted: bool
    actions: Sequence[str]
    note: str


@dataclass(frozen=True, slots=True)
class Explained:
    """One routed transition: what took part, in order, and what did not.

    `traced`: the others were asked again as they stood then; otherwise `note` says why not.
    """

    transition: int
    kind: str
    at: datetime
    decided_at: datetime | None
    outcome: str
    policy_version: int | None
    took_part: Sequence[Part]
    others: Sequence[Part]
    traced: bool
    note: str
    words: str


@dataclass(frozen=True, slots=True)
class AskedNow:
    """What the present policy would decide about the alert as it is."""

    policy_version: int
    words: str
    took_part: Sequence[Part]
    others: Sequence[Part]


@dataclass(frozen=True, slots=True)
class Explanation:
    """All of it, latest decision first; `asked_now` only while the alert is open."""

    alert: int
    words: Sequence[str]
    decisions: Sequence[Explained]
    asked_now: AskedNow | None


def part_of_look(look: Look, *, acted: bool | None = None) -> Part:
    """A look of the policy."""
    return Part(
        kind=look.kind,
        id=look.id,
        version=look.version,
        name=look.name,
        match=look.match,
        matchers=look.matchers,
        matched=look.matched,
        acted=look.acted if acted is None else acted,
        actions=look.does,
        note=look.note,
    )


def part_of_reason(reason: Mapping[str, Any]) -> Part:
    """A stored reason; what names no rule or the like is a cap or a note."""
    kind = next((kind for kind in KINDS if kind in reason), "cap")
    failed = str(reason.get("failed") or "")
    matched = bool(reason.get("matched", not failed))
    note = str(reason.get("note") or "")
    if reason.get("stopped"):
        note = note or "no further rule was asked"
    return Part(
        kind=kind,
        id=int(reason.get(kind, 0)) if kind != "cap" else 0,
        version=int(reason.get("version") or 0),
        name=str(reason.get("name") or ""),
        match=str(reason.get("match") or ""),
        matchers=((failed, False),) if failed else (),
        matched=matched,
        acted=matched,
        actions=[str(action) for action in reason.get("actions", ())],
        note=note,
    )

"""A rule's state as people read it, and what differs between two of them."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import yaml

from alerts.models import RuleAction
from opsportal.lib.durations import write_duration

State = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing about a rule, in as many lines as it takes."""

    label: str
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Line:
    """A line that went (`-`), came (`+`) or stayed (a blank)."""

    sign: str
    text: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What became of one fact."""

    label: str
    lines: Sequence[Line]


def rule_facts(state: State) -> list[Fact]:
    """All that a rule's state says."""
    return [
        Fact("Name", [state["name"]]),
        Fact("Matches", [state["match"] or "every alert"]),
        Fact("Order", [str(state["order"])]),
        Fact("Team", [state.get("team") or "nobody's"]),
        Fact("State", ["on" if state["enabled"] else "off"]),
        Fact("Then", ["no further rule is asked" if state["stop"] else "the next rule is asked"]),
        Fact("When", (state.get("active_times") or "always").splitlines()),
        Fact("Grouping", [grouping_words(state)]),
        Fact("Does", [action_words(action) for action in state["actions"]] or ["nothing"]),
    ]


def differences(before: State, after: State) -> list[Difference]:
    """What differs, fact by fact."""
    found = []
    for old, new in zip(rule_facts(before), rule_facts(after), strict=True):
        if old.lines != new.lines:
            compared = difflib.ndiff(list(old.lines), list(new.lines))
            lines = [Line(line[0], line[2:]) for line in compared if line[0] != "?"]
            found.append(Difference(old.label, lines))
    return found


def grouping_words(state: State) -> str:
    """How its messages are put together."""
    if not state.get("group_by"):
        return "a message for each alert"
    wait, every = (
        write_duration(timedelta(seconds=state[name])) for name in ("group_wait", "group_interval")
    )
    return f"by {', '.join(state['group_by'])}: first after {wait}, then every {every}"


def action_words(action: State) -> str:
    """One action in a line."""
    # By name: a database may keep an object's keys in an order of its own.
    kind = next(name for name in RuleAction.Kind.values if name in action)
    said = action[kind]
    if kind == "set":
        [(name, value)] = said.items()
        return f"set {name} to {value}" if value else f"set no {name}"
    if kind == "suppress":
        return f"suppress: {said}"
    if kind != "remediate":
        return f"{kind} {said}"
    how = "dry run" if action["dry_run"] else "for real"
    asked = "after approval" if action["approval"] == "required" else "without approval"
    given = action["with"]
    text = yaml.safe_dump(given, default_flow_style=True, width=10_000).strip() if given else ""
    return f"remediate {said} ({how}, {asked}) {text}".strip()

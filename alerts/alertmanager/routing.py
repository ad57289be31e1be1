"""The policy as Alertmanager's configuration, so that `amtool config routes` answers for us.

What it has no words for is left out, with a comment that says which rule and why. How a channel is
reached is nowhere said.
"""

from collections.abc import Iterator, Sequence
from datetime import time
from functools import lru_cache
from typing import Any

import yaml

from alerts.alertmanager.conditions import (
    MOST_CHOICES,
    InexpressibleError,
    choices,
    classic_label,
    of_team,
)
from alerts.alertmanager.matchers import sent_name
from alerts.alertmanager.routes import Entry, Tree, hours_name
from alerts.alertmanager.standing import NOBODY
from alerts.policy import CompiledInhibition, Policy
from opsportal.lib.matchers import Matcher
from opsportal.lib.windows import Hours

HEAD = """\
# The routing of this portal in Alertmanager's words, for `amtool config routes`. Change it in the
# portal. Labels are those that a sender sends; `team` is the team of the key that it comes with.
# The portal tells each change once and repeats nothing.
"""
# What somebody sees who may not read the configuration.
HIDDEN = f"""\
# The routing is shown to keys with the scope config:read.
route: {{receiver: '{NOBODY}'}}
receivers: [{{name: '{NOBODY}'}}]
"""
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MIDNIGHT = time(0, 0)


def receiver_names(policy: Policy) -> list[str]:
    """Everybody whom the policy may tell."""
    tree = Tree(policy)
    names = [NOBODY]
    for rule in policy.facts.rules:
        if rule.enabled:
            names += tree.told_by(rule)
    for subscription in policy.subscriptions:
        fact = policy.facts.channels.get(subscription.channel or 0)
        if subscription.channel is None or (fact is not None and fact.enabled):
            names.append(subscription.channel_name)
    return list(dict.fromkeys(names))


@lru_cache(maxsize=2)
def render_routing(policy: Policy) -> str:
    """Its YAML."""
    tree = Tree(policy)
    for subscription in policy.subscriptions:
        tree.subscribe(subscription)
    rules = [rule for rule in policy.facts.rules if rule.enabled]
    for rule in rules:
        tree.add(rule)
    root = {"receiver": NOBODY, "repeat_interval": "1y"}
    parts = [HEAD, _yaml({"route": root}), *_routes([*tree.hushed, *tree.entries])]
    parts.append(_yaml({"receivers": [{"name": name} for name in receiver_names(policy)]}))
    times = [
        {"name": hours_name(rule), "time_intervals": list(_intervals(rule.active_times))}
        for rule in rules
        if rule.active_times is not None
    ]
    if times:
        parts.append(_yaml({"time_intervals": times}))
    parts += _inhibit_rules(policy.inhibitions)
    return "".join(parts)


def _routes(entries: Sequence[Entry]) -> Iterator[str]:
    """Each with its comment, below the root."""
    if any(entry.routes for entry in entries):
        yield "  routes:\n"
    for entry in entries:
        yield _comment(entry.what, entry.notes)
        if entry.routes:
            yield _yaml(entry.routes, "  ")


def _inhibit_rules(inhibitions: Sequence[CompiledInhibition]) -> Iterator[str]:
    found = [_inhibit_rule(inhibition) for inhibition in inhibitions]
    if any(entry.routes for entry in found):
        yield "inhibit_rules:\n"
    for entry in found:
        yield _comment(entry.what, entry.notes)
        if entry.routes:
            yield _yaml(entry.routes)


def _inhibit_rule(inhibition: CompiledInhibition) -> Entry:
    entry = Entry(f"inhibition {inhibition.name}")
    equal = [sent_name(name) for name in inhibition.equal]
    # Two alerts that both lack a label are not equal in it here.
    there = tuple(Matcher(name, "!=", "") for name in equal)
    own = of_team(inhibition.team, own=True) if inhibition.team else ()
    try:
        if inhibition.complaint or not all(map(classic_label, equal)):
            raise InexpressibleError(inhibition.complaint or "no such label elsewhere")
        for source in choices(inhibition.sources):
            for target in choices(inhibition.matchers):
                rule = {
                    "source_matchers": [str(item) for item in source],
                    "target_matchers": [str(item) for item in (*target, *there, *own)],
                }
                entry.routes.append(rule | ({"equal": equal} if equal else {}))
        if len(entry.routes) > MOST_CHOICES:
            raise InexpressibleError(f"it would take {len(entry.routes)} of them")
    except InexpressibleError as error:
        entry.routes = []
        entry.notes.append(f"left out: {error}")
    return entry


def _intervals(hours: Hours) -> Iterator[dict[str, Any]]:
    """The hours; those over midnight are two."""
    for span in hours.spans:
        days = sorted(span.days)
        if span.end > span.start:
            yield _interval(days, span.start, f"{span.end:%H:%M}", span.zone.key)
            continue
        yield _interval(days, span.start, "24:00", span.zone.key)
        if span.end != _MIDNIGHT:
            next_days = sorted((day + 1) % 7 for day in days)
            yield _interval(next_days, _MIDNIGHT, f"{span.end:%H:%M}", span.zone.key)


def _interval(days: Sequence[int], start: time, end: str, zone: str) -> dict[str, Any]:
    return {
        "weekdays": [_DAYS[day] for day in days],
        "times": [{"start_time": f"{start:%H:%M}", "end_time": end}],
        "location": zone,
    }


class _Plain(yaml.CSafeDumper):
    """Says things that are the same as often as they are."""

    def ignore_aliases(self, data: object) -> bool:
        """Always."""
        return True


def _comment(what: str, notes: Sequence[str]) -> str:
    text = f"{what}: {'; '.join(notes)}" if notes else what
    plain = "".join(char if char.isprintable() else " " for char in text)
    return f"# {' '.join(plain.split())}\n"


def _yaml(value: object, indent: str = "") -> str:
    text = yaml.dump(value, Dumper=_Plain, sort_keys=False, allow_unicode=False, width=1000)
    return "".join(f"{indent}{line}\n" for line in text.splitlines())

"""Schedules and escalation policies in configuration files."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from django.db.models import Prefetch

from alerts.change.escalations import StepDraft, delete_policy, save_policy
from alerts.change.oncall import LayerDraft, delete_schedule, draft_of, save_schedule
from alerts.models import (
    EscalationPolicy,
    EscalationTarget,
    Layer,
    LayerPerson,
    Schedule,
)
from alerts.oncall.words import (
    TARGETS,
    find_people,
    find_target,
    parse_rotation,
    parse_wall,
    write_rotation,
    write_wall,
)
from opsportal.accounts.configure import find_team
from opsportal.lib.configfile import Deed, Mask
from opsportal.lib.confignode import Node
from opsportal.lib.crypto import MASK
from opsportal.lib.durations import parse_duration, write_duration
from opsportal.lib.errors import PayloadError

Value = TypeVar("Value")
_LAYER = ("name", "rotation", "starts_at", "people", "hours")
_STEP = ("delay", "notify")


class ScheduleSection:
    """`schedules: [{name, team, zone, description, layers, ical_url}]`.

    A layer is `{name, rotation: 1w, starts_at: 2026-01-05 09:00, people: [jo, sam], hours}`.
    """

    slug = "schedules"
    keys = ("name", "team", "zone", "description", "layers", "ical_url")

    def read(self, mask: Mask) -> list[dict[str, Any]]:
        """The schedules by name."""
        places = Prefetch("places", LayerPerson.objects.select_related("user"))
        layers = Prefetch("layers", Layer.objects.prefetch_related(places))
        entries = []
        for schedule in Schedule.objects.select_related("team").prefetch_related(layers):
            entry: dict[str, Any] = {"name": schedule.name}
            if schedule.team:
                entry["team"] = schedule.team.name
            entry["zone"] = schedule.zone
            if schedule.description:
                entry["description"] = schedule.description
            entry["layers"] = [_said_layer(draft_of(layer)) for layer in schedule.layers.all()]
            if schedule.ical_url:
                entry["ical_url"] = mask(schedule.ical_url)
            entries.append(entry)
        return entries

    def write(self, entry: Node, deed: Deed) -> None:
        """Make one schedule so."""
        given = entry.mapping(known=self.keys)
        name = entry.named()
        schedule = Schedule.objects.filter(name=name).first() or Schedule(name=name)
        if "team" in given:
            schedule.team = find_team(given["team"])
        if "zone" in given:
            schedule.zone = given["zone"].text(least=1)
        if "description" in given:
            schedule.description = given["description"].optional_text()
        if "ical_url" in given:
            url = given["ical_url"].optional_text()
            if url == MASK and not schedule.ical_url:
                raise given["ical_url"].error(
                    f'"{MASK}" keeps a stored address, and none is stored'
                )
            schedule.ical_url = url
        layers = [_layer(node) for node in given["layers"].items()] if "layers" in given else None
        save_schedule(schedule, layers, actor=deed.actor, now=deed.now)

    def remove(self, name: str, deed: Deed) -> None:
        """Remove the schedule."""
        delete_schedule(Schedule.objects.get(name=name), actor=deed.actor, now=deed.now)


class EscalationSection:
    """`escalations: [{name, team, repeat, repeat_after, enabled, steps}]`.

    A step is `{delay: 5m, notify: [{schedule: x}, {user: jo}, {channel: c}, {team: t}]}`.
    """

    slug = "escalations"
    keys = ("name", "team", "repeat", "repeat_after", "enabled", "steps")

    def read(self, mask: Mask) -> list[dict[str, Any]]:
        """The policies by name."""
        del mask  # a policy has no secrets
        targets = EscalationTarget.objects.select_related("schedule", "user", "channel", "team")
        policies = EscalationPolicy.objects.select_related("team").prefetch_related(
            Prefetch("steps__targets", targets)
        )
        entries = []
        for policy in policies:
            entry: dict[str, Any] = {"name": policy.name}
            if policy.team:
                entry["team"] = policy.team.name
            entry |= {
                "repeat": policy.repeat, "repeat_after": write_duration(policy.repeat_after),
            }  # fmt: skip
            if not policy.enabled:
                entry["enabled"] = False
            entry["steps"] = [
                {
                    "delay": write_duration(step.delay),
                    "notify": [dict([target.named]) for target in step.targets.all()],
                }
                for step in policy.steps.all()
            ]
            entries.append(entry)
        return entries

    def write(self, entry: Node, deed: Deed) -> None:
        """Make one policy so."""
        given = entry.mapping(known=self.keys)
        name = entry.named()
        policy = EscalationPolicy.objects.filter(name=name).first()
        if policy is None:
            entry.mapping(known=list(given), needed=["steps"])
            policy = EscalationPolicy(name=name)
        if "team" in given:
            policy.team = find_team(given["team"])
        if "repeat" in given:
            policy.repeat = given["repeat"].whole()
        if "repeat_after" in given:
            policy.repeat_after = _read(given["repeat_after"], parse_duration)
        if "enabled" in given:
            policy.enabled = given["enabled"].truth()
        steps = [_step(node) for node in given["steps"].items()] if "steps" in given else None
        save_policy(policy, steps, actor=deed.actor, now=deed.now)

    def remove(self, name: str, deed: Deed) -> None:
        """Remove the policy."""
        delete_policy(EscalationPolicy.objects.get(name=name), actor=deed.actor, now=deed.now)


def _said_layer(layer: LayerDraft) -> dict[str, Any]:
    said: dict[str, Any] = {
        "name": layer.name,
        "rotation": write_rotation(layer.length, layer.unit),
        "starts_at": write_wall(layer.starts_at),
        "people": [user.get_username() for user in layer.people],
    }
    return said | ({"hours": layer.hours} if layer.hours else {})


def _layer(node: Node) -> LayerDraft:
    given = node.mapping(known=_LAYER, needed=_LAYER[:4])
    length, unit = _read(given["rotation"], parse_rotation)
    return LayerDraft(
        given["name"].text(least=1),
        length,
        unit,
        _wall(given["starts_at"]),
        _read_all(given["people"], find_people),
        given["hours"].optional_text() if "hours" in given else "",
    )


def _wall(node: Node) -> datetime:
    """YAML makes a time of what has seconds, and a text of what has none."""
    if isinstance(node.value, datetime):
        node = Node(node.value.isoformat(), node.path)
    return _read(node, parse_wall)


def _step(node: Node) -> StepDraft:
    given = node.mapping(known=_STEP, needed=_STEP[1:])
    targets = []
    for item in given["notify"].items():
        said = item.mapping(known=list(TARGETS))
        if len(said) != 1:
            raise item.error(f"write one of {', '.join(TARGETS)}; a further one after a dash")
        [(kind, name)] = said.items()
        targets.append(_read(name, partial(find_target, kind)))
    delay = _read(given["delay"], parse_duration) if "delay" in given else parse_duration("0")
    return StepDraft(delay, targets)


def _read(node: Node, parse: Callable[[str], Value]) -> Value:
    try:
        return parse(node.text(least=1))
    except PayloadError as error:
        raise node.error(error.message) from error


def _read_all(node: Node, parse: Callable[[Sequence[str]], Value]) -> Value:
    names = [item.text(least=1) for item in node.items()]
    try:
        return parse(names)
    except PayloadError as error:
        raise node.error(error.message) from error

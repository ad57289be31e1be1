"""A rule becomes again what it was: an old version is stored as a new one."""

from datetime import datetime, timedelta
from typing import TypeVar

from alerts.change.order import Own
from alerts.change.rules import Kind, save_rule
from alerts.models import Channel, PolicyVersion, Rule, RuleAction
from opsportal.accounts.actors import Actor
from opsportal.accounts.models import Team
from opsportal.lib.errors import ConflictError, ForbiddenError

Named = TypeVar("Named", Channel, Team)


def restore_rule(
    rule: Rule,
    version: PolicyVersion,
    *,
    own: Own = lambda rule: True,
    actor: Actor,
    now: datetime,
) -> bool:
    """Store the rule as it was in that version; whether anything was different.

    Its place in the order is that of then, too. It must be `own` before and after. Raises
    ConflictError when a channel or team of then is gone, ForbiddenError, and what `save_rule`
    raises.
    """
    wanted, actions = rule_of_version(rule, version)
    if not own(wanted):
        raise ForbiddenError(
            f"In that version the rule was {wanted.team or 'no team'}'s, which you do not "
            "administer."
        )
    return save_rule(wanted, actions, actor=actor, now=now)


def rule_of_version(rule: Rule, version: PolicyVersion) -> tuple[Rule, list[RuleAction]]:
    """The rule with its actions as they were, not stored. Raises ConflictError."""
    state = version.state
    ids = state.get("ids", {})
    for name in ("name", "match", "order", "stop", "enabled", "active_times", "group_by"):
        if name in state:
            setattr(rule, name, state[name])
    for name in ("group_wait", "group_interval"):
        if name in state:
            setattr(rule, name, timedelta(seconds=state[name]))
    rule.team = _find(Team, ids.get("team"), state["team"]) if state["team"] else None
    channels, teams = ids.get("channels", {}), ids.get("teams", {})
    actions = []
    for told in state["actions"]:
        # By name: a database may keep an object's keys in an order of its own.
        kind = next(name for name in Kind.values if name in told)
        said = told[kind]
        action = RuleAction(kind=kind)
        if kind == Kind.NOTIFY:
            action.channel = _find(Channel, channels.get(said), said)
        elif kind == Kind.PAGE:
            action.team = _find(Team, teams.get(said), said)
        elif kind == Kind.SET:
            [(action.field, action.value)] = said.items()
        else:
            action.value = said
        if kind == Kind.REMEDIATE:
            action.parameters = told["with"]
            action.dry_run, action.approval = told["dry_run"], told["approval"]
        actions.append(action)
    return rule, actions


def _find(model: type[Named], pk: int | None, name: str) -> Named:
    """What had that id, by whatever name it has now; else what has that name now."""
    found = model.objects.filter(pk=pk or 0).first() or model.objects.filter(name=name).first()
    if found is None:
        noun = model._meta.verbose_name
        raise ConflictError(f"The {noun} “{name}” of that version is gone; restore it by hand.")
    return found

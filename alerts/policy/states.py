"""What decides about alerts as plain values, ids included: kept as versions, compiled to be asked.

Live rows and past versions go through the same values, so that both decide alike.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from alerts.models import Channel, Inhibition, Rule, RuleAction, Silence, Subscription
from opsportal.accounts.models import Team
from opsportal.lib.times import format_instant

State = dict[str, Any]
Kind = RuleAction.Kind


def rule_state(rule: Rule, actions: Sequence[RuleAction]) -> State:
    """A rule with its actions: names only, as the trail shows it."""
    return {
        "name": rule.name,
        "match": rule.match,
        "order": rule.order,
        "stop": rule.stop,
        "enabled": rule.enabled,
        "team": _name(rule.team),
        "active_times": rule.active_times,
        "group_by": rule.group_by,
        "group_wait": rule.group_wait.total_seconds(),
        "group_interval": rule.group_interval.total_seconds(),
        "actions": [_action_state(action) for action in actions],
    }


def rule_policy(rule: Rule, actions: Sequence[RuleAction]) -> State:
    """A rule with the ids that the names stand for."""
    channels = {action.channel.name: action.channel.pk for action in actions if action.channel}
    teams = {action.team.name: action.team.pk for action in actions if action.team}
    ids = {"team": rule.team_id, "channels": channels, "teams": teams}
    return rule_state(rule, actions) | {"ids": ids}


def silence_state(silence: Silence) -> State:
    """A silence: names only, as the trail shows it."""
    return {
        "name": silence.name,
        "match": silence.match,
        "starts_at": format_instant(silence.starts_at),
        "ends_at": _instant(silence.ends_at),
        "recurrence": silence.recurrence,
        "zone": silence.zone,
        "duration": _seconds(silence.duration),
        "comment": silence.comment,
        "author": silence.author,
        "team": _name(silence.team),
        "end_when_unmatched": silence.end_when_unmatched,
        "ended_at": _instant(silence.ended_at),
    }


def silence_policy(silence: Silence) -> State:
    """A silence with the ids that the names stand for."""
    ids = {"team": silence.team_id, "user": silence.user_id}
    return silence_state(silence) | {"uuid": str(silence.uuid), "ids": ids}


def inhibition_state(inhibition: Inhibition) -> State:
    """An inhibition: names only, as the trail shows it."""
    return {
        "name": inhibition.name,
        "source_match": inhibition.source_match,
        "target_match": inhibition.target_match,
        "equal": list(inhibition.equal),
        "enabled": inhibition.enabled,
        "team": _name(inhibition.team),
    }


def inhibition_policy(inhibition: Inhibition) -> State:
    """An inhibition with the ids that the names stand for."""
    return inhibition_state(inhibition) | {"ids": {"team": inhibition.team_id}}


def subscription_state(subscription: Subscription) -> State:
    """A subscription: names only, as the trail shows it."""
    return {
        "name": subscription.name,
        "user": subscription.user.get_username() if subscription.user else "",
        "team": _name(subscription.team),
        "match": subscription.match,
        "min_severity": subscription.min_severity,
        "channel": subscription.channel.name if subscription.channel else "",
        "digest": subscription.digest,
        "quiet_hours": subscription.quiet_hours,
        "zone": subscription.zone,
        "tell_resolved": subscription.tell_resolved,
        "enabled": subscription.enabled,
    }


def subscription_policy(subscription: Subscription) -> State:
    """A subscription with the ids that the names stand for."""
    ids = {
        "user": subscription.user_id,
        "team": subscription.team_id,
        "channel": subscription.channel_id,
    }
    return subscription_state(subscription) | {"ids": ids}


def channel_policy(channel: Channel) -> State:
    """What deciding needs of a channel; how to reach it is nobody's business there."""
    return {
        "name": channel.name,
        "kind": channel.kind,
        "team": _name(channel.team),
        "enabled": channel.enabled,
        "user": channel.user.get_username() if channel.user else "",
        "ids": {"team": channel.team_id, "user": channel.user_id},
    }


def _action_state(action: RuleAction) -> State:
    if action.kind == Kind.NOTIFY:
        return {"notify": action.channel.name if action.channel else ""}
    if action.kind == Kind.SUPPRESS:
        return {"suppress": action.value}
    if action.kind == Kind.PAGE:
        return {"page": _name(action.team)}
    if action.kind == Kind.REMEDIATE:
        return {
            "remediate": action.value,
            "with": action.parameters,
            "dry_run": action.dry_run,
            "approval": action.approval,
        }
    return {"set": {action.field: action.value}}


def _name(team: Team | None) -> str:
    return team.name if team else ""


def _instant(instant: datetime | None) -> str | None:
    return format_instant(instant) if instant else None


def _seconds(duration: timedelta | None) -> float | None:
    return duration.total_seconds() if duration is not None else None

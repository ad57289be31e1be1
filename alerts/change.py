"""Rules and channels are changed here, by pages, API and files alike: checked, and with a trail."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from alerts.channels import ChannelKind
from alerts.models import Channel, Notification, Rule, RuleAction
from alerts.normalise import SEVERITIES
from chronos.normalise import Change
from chronos.record import record_change
from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import difference, mask_secret, record_audit
from opsportal.accounts.models import Team
from opsportal.lib.crypto import MASK
from opsportal.lib.errors import ConflictError, FieldError, PayloadError
from opsportal.lib.matchers import MatcherError, parse_matchers
from opsportal.lib.registry import plugins

Kind = RuleAction.Kind
State = dict[str, Any]


def save_channel(channel: Channel, *, actor: Actor, now: datetime) -> bool:
    """Store a new or changed channel; whether anything was different.

    A secret given as the mask stays as it was. Raises PayloadError, ConflictError.
    """
    with transaction.atomic():
        stored = Channel.objects.select_for_update().filter(pk=channel.pk).first()
        kind = _channel_kind(channel.kind)
        given = dict(channel.settings)
        for name, value in given.items():
            if value == MASK and stored is not None:
                given[name] = stored.settings.get(name, "")
        channel.settings = kind.clean(given)
        _check_columns(channel, exclude=["settings"])
        before = channel_state(stored) if stored else None
        after = channel_state(channel)
        if before == after:
            return False
        _save(channel)
        _record(channel, before, after, actor, now)
    return True


def delete_channel(channel: Channel, *, actor: Actor, now: datetime) -> None:
    """Remove a channel that nothing depends on. Raises ConflictError."""
    with transaction.atomic():
        rules = Rule.objects.filter(actions__channel=channel).distinct()
        if names := ", ".join(rules.values_list("name", flat=True)):
            raise ConflictError(
                f"The channel {channel.name} is used by: {names}. Change these rules first."
            )
        if Notification.objects.filter(channel=channel).exists():
            raise ConflictError(
                f"The channel {channel.name} has told somebody something, and that is kept. "
                "Disable it instead."
            )
        _delete(channel, channel_state(channel), actor, now)


def save_rule(
    rule: Rule, actions: Sequence[RuleAction] | None = None, *, actor: Actor, now: datetime
) -> bool:
    """Store a new or changed rule; whether anything was different.

    `actions` (not stored yet, in their order) replace those it has; None leaves them alone.
    Raises PayloadError, ConflictError.
    """
    with transaction.atomic():
        stored = Rule.objects.select_for_update().filter(pk=rule.pk).first()
        _check_rule(rule)
        old = list(stored.actions.select_related("channel")) if stored else []
        new = old if actions is None else list(actions)
        _check_actions(new)
        before = rule_state(stored, old) if stored else None
        after = rule_state(rule, new)
        if before == after:
            return False
        _save(rule)
        if before is None or before["actions"] != after["actions"]:
            rule.actions.all().delete()
            for position, action in enumerate(new):
                action.pk, action.rule, action.position = None, rule, position
            RuleAction.objects.bulk_create(new)
        _record(rule, before, after, actor, now)
    return True


def delete_rule(rule: Rule, *, actor: Actor, now: datetime) -> None:
    """Remove a rule; what it decided stays decided."""
    with transaction.atomic():
        _delete(rule, rule_state(rule, list(rule.actions.select_related("channel"))), actor, now)


def channel_state(channel: Channel) -> State:
    """A channel for the trail: of secrets only whether they changed, of addresses the host too."""
    kind = plugins("ALERT_CHANNELS").get(channel.kind)  # None: no longer installed
    kinds = {field.name: field for field in kind.fields} if kind else {}
    shown: State = {}
    for name, value in sorted(channel.settings.items()):
        field = kinds.get(name)
        if field is None or field.secret:
            shown[name] = mask_secret(value)
        elif field.kind == "url":  # many hold a token
            shown[name] = f"{urlsplit(value).hostname} ({mask_secret(value)})"
        else:
            shown[name] = value
    return {
        "name": channel.name,
        "kind": channel.kind,
        "settings": shown,
        "team": _team_name(channel.team),
        "enabled": channel.enabled,
    }


def rule_state(rule: Rule, actions: Sequence[RuleAction]) -> State:
    """A rule with its actions, for the trail."""
    return {
        "name": rule.name,
        "match": rule.match,
        "order": rule.order,
        "stop": rule.stop,
        "enabled": rule.enabled,
        "team": _team_name(rule.team),
        "actions": [_action_state(action) for action in actions],
    }


def _action_state(action: RuleAction) -> State:
    if action.kind == Kind.NOTIFY:
        return {"notify": action.channel.name if action.channel else ""}
    if action.kind == Kind.SUPPRESS:
        return {"suppress": action.value}
    return {"set": {action.field: action.value}}


def _team_name(team: Team | None) -> str:
    return team.name if team else ""


def _channel_kind(slug: str) -> type[ChannelKind]:
    known = plugins("ALERT_CHANNELS")
    if slug not in known:
        message = f"{slug!r} is none of {', '.join(known)}"
        raise PayloadError(f"No such kind of channel: {message}.", [FieldError("kind", message)])
    kind: type[ChannelKind] = known[slug]
    return kind


def _check_rule(rule: Rule) -> None:
    _check_columns(rule)
    try:
        parse_matchers(rule.match)
    except MatcherError as error:
        raise PayloadError(error.message, [FieldError("match", error.message)]) from error


def _check_actions(actions: Sequence[RuleAction]) -> None:
    errors = []
    for number, action in enumerate(actions):
        if complaint := complaint_of_action(action):
            errors.append(FieldError(f"actions.{number}", complaint))
    if errors:
        text = "; ".join(f"{error.field}: {error.message}" for error in errors)
        raise PayloadError(f"The rule's actions are not right: {text}", errors)


def complaint_of_action(action: RuleAction) -> str:
    """What is wrong with an action; it is brought into the form of its kind on the way."""
    if len(action.value) > 1000:
        return "at most 1000 characters"
    if action.kind == Kind.NOTIFY:
        action.field = action.value = ""
        return "" if action.channel_id else "notify needs a channel"
    action.channel = None
    if action.kind == Kind.SUPPRESS:
        action.field = ""
        return "" if action.value.strip() else "suppress needs a reason"
    if action.kind != Kind.SET:
        return f"{action.kind!r} is none of {', '.join(Kind.values)}"
    return _complaint_of_set(action.field, action.value)


def _complaint_of_set(field: str, value: str) -> str:
    if field not in RuleAction.Field.values:
        return f"set knows {', '.join(RuleAction.Field.values)}, not {field!r}"
    if field == RuleAction.Field.SEVERITY and value not in SEVERITIES:
        return f"the severity is one of {', '.join(SEVERITIES)}"
    if field == RuleAction.Field.SERVICE and len(value) > 200:
        return "a service has at most 200 characters"
    if field == RuleAction.Field.TEAM and value and not Team.objects.filter(name=value).exists():
        return f"there is no team {value!r}"
    if field == RuleAction.Field.RUNBOOK_URL and value:
        return "" if value.startswith(("http://", "https://")) else "a runbook is an http address"
    return ""


def _check_columns(instance: models.Model, exclude: Sequence[str] = ()) -> None:
    try:
        instance.full_clean(exclude=exclude)
    except ValidationError as error:
        errors = [
            FieldError("" if field == "__all__" else field, message)
            for field, messages in error.message_dict.items()
            for message in messages
        ]
        text = "; ".join(f"{found.field}: {found.message}" for found in errors)
        raise PayloadError(f"The {instance._meta.verbose_name} is not right: {text}", errors) from (
            error
        )


def _save(instance: models.Model) -> None:
    try:
        with transaction.atomic():
            instance.save()
    except IntegrityError as error:
        raise ConflictError(
            f"Another {instance._meta.verbose_name} has that name by now."
        ) from error


def _delete(instance: Channel | Rule, before: State, actor: Actor, now: datetime) -> None:
    record_audit(actor, "delete", instance, before=before, now=now)
    _record_change(instance, "deleted", sorted(before), {"before": before}, actor, now)
    instance.delete()


def _record(
    instance: Channel | Rule, before: State | None, after: State, actor: Actor, now: datetime
) -> None:
    record_audit(
        actor, "change" if before else "create", instance, before=before, after=after, now=now
    )
    if before is None:
        _record_change(instance, "created", [], {"after": after}, actor, now)
        return
    was, became = difference(before, after)
    details = {"before": was, "after": became}
    _record_change(instance, "changed", sorted(became), details, actor, now)


def _record_change(
    instance: Channel | Rule,
    deed: str,
    names: Sequence[str],
    details: Mapping[str, object],
    actor: Actor,
    now: datetime,
) -> None:
    noun = str(instance._meta.verbose_name)
    what = f": {', '.join(names)}" if deed == "changed" else ""
    record_change(
        Change(
            kind=f"{noun}.{deed}",
            summary=f"{noun.capitalize()} {instance.name} was {deed}{what}",
            actor=actor.name,
            started_at=now,
            ended_at=now,
            team=_team_name(instance.team),
            subject=f"{instance._meta.label_lower}:{instance.pk}",
            details=details,
        ),
        now=now,
    )

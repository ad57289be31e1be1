"""Channels are changed here, by pages, API and files alike."""

from datetime import datetime
from urllib.parse import urlsplit

from django.db import transaction

from alerts.change.record import (
    State,
    check_columns,
    keep_version,
    record_deleted,
    record_saved,
    save_row,
    team_name,
)
from alerts.channels import ChannelKind
from alerts.models import Channel, EscalationPolicy, Notification, Rule, Subscription
from alerts.policy.states import channel_policy
from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import mask_secret
from opsportal.lib.crypto import MASK
from opsportal.lib.errors import ConflictError, FieldError, PayloadError
from opsportal.lib.registry import plugins

MOST_A_MINUTE = 100_000


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
        _check_owned(channel, kind)
        check_columns(channel, exclude=["settings"])
        _check_manners(channel)
        before = channel_state(stored) if stored else None
        after = channel_state(channel)
        if before == after:
            return False
        save_row(channel)
        keep_version(channel, channel_policy(channel), actor=actor, now=now)
        record_saved(channel, before, after, actor=actor, now=now)
    return True


def delete_channel(channel: Channel, *, actor: Actor, now: datetime) -> None:
    """Remove a channel that nothing depends on. Raises ConflictError."""
    with transaction.atomic():
        rules = Rule.objects.filter(actions__channel=channel).distinct()
        if names := ", ".join(rules.values_list("name", flat=True)):
            raise ConflictError(
                f"The channel {channel.name} is used by: {names}. Change these rules first."
            )
        policies = EscalationPolicy.objects.filter(steps__targets__channel=channel).distinct()
        if names := ", ".join(policies.values_list("name", flat=True)):
            raise ConflictError(
                f"The channel {channel.name} is told by the escalation policies {names}. "
                "Change these first."
            )
        subscriptions = Subscription.objects.filter(channel=channel)
        if names := ", ".join(subscriptions.values_list("name", flat=True)):
            raise ConflictError(
                f"The channel {channel.name} is subscribed by: {names}. Change these first."
            )
        fallbacks = Channel.objects.filter(fallback=channel).values_list("name", flat=True)
        if names := ", ".join(fallbacks):
            raise ConflictError(
                f"The channel {channel.name} is the fallback of: {names}. Change these first."
            )
        if Notification.objects.filter(channel=channel).exists():
            raise ConflictError(
                f"The channel {channel.name} has told somebody something, and that is kept. "
                "Disable it instead."
            )
        state = channel_state(channel)
        record_deleted(channel, state, actor=actor, now=now)
        keep_version(channel, state, actor=actor, now=now, removed=True)
        channel.delete()


def _check_owned(channel: Channel, kind: type[ChannelKind]) -> None:
    if channel.team_id is None and channel.user_id is None:
        return
    if complaint := kind.complaint_of_owned(channel.settings):
        raise PayloadError(
            f"The channel is not right: {complaint}.", [FieldError("settings", complaint)]
        )


def _check_manners(channel: Channel) -> None:
    errors = []
    if channel.rate_limit is not None and not 1 <= channel.rate_limit <= MOST_A_MINUTE:
        errors.append(FieldError("rate_limit", f"from 1 to {MOST_A_MINUTE} a minute, or empty"))
    if channel.fallback_id is not None and channel.fallback_id == channel.pk:
        errors.append(FieldError("fallback", "a channel cannot stand in for itself"))
    if errors:
        text = "; ".join(f"{error.field}: {error.message}" for error in errors)
        raise PayloadError(f"The channel is not right: {text}", errors)


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
        "team": team_name(channel.team),
        "enabled": channel.enabled,
        "user": channel.user.username if channel.user else "",
        "fallback": channel.fallback.name if channel.fallback else "",
        "rate_limit": channel.rate_limit,
        "template": channel.template.name if channel.template else "",
    }


def _channel_kind(slug: str) -> type[ChannelKind]:
    known = plugins("ALERT_CHANNELS")
    if slug not in known:
        message = f"{slug!r} is none of {', '.join(known)}"
        raise PayloadError(f"No such kind of channel: {message}.", [FieldError("kind", message)])
    kind: type[ChannelKind] = known[slug]
    return kind

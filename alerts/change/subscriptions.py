"""Subscriptions are changed here, by pages, API and files alike."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from alerts.change.matching import complaint_of_match
from alerts.change.record import (
    check_columns,
    keep_version,
    record_deleted,
    record_saved,
    save_row,
)
from alerts.models import Subscription
from alerts.policy.digest import parse_digest
from alerts.policy.states import subscription_policy, subscription_state
from opsportal.accounts.actors import Actor
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.windows import parse_hours, zone_of


@transaction.atomic
def save_subscription(subscription: Subscription, *, actor: Actor, now: datetime) -> bool:
    """Store a new or changed subscription; whether anything was different.

    Raises PayloadError, ConflictError.
    """
    stored = Subscription.objects.select_for_update(of=("self",)).filter(pk=subscription.pk).first()
    subscription.name = subscription.name.strip() or _free_name(subscription)
    _check_subscription(subscription)
    before = subscription_state(stored) if stored else None
    after = subscription_state(subscription)
    if before == after:
        return False
    save_row(subscription)
    keep_version(subscription, subscription_policy(subscription), actor=actor, now=now)
    record_saved(subscription, before, after, actor=actor, now=now)
    return True


@transaction.atomic
def delete_subscription(subscription: Subscription, *, actor: Actor, now: datetime) -> None:
    """Remove it; whoever was told of an episode still hears of its end."""
    state = subscription_state(subscription)
    record_deleted(subscription, state, actor=actor, now=now)
    version = subscription_policy(subscription)
    keep_version(subscription, version, actor=actor, now=now, removed=True)
    subscription.delete()


def _free_name(subscription: Subscription) -> str:
    """Whose it is and what it is about, with a number where that is taken."""
    whose = subscription.user or subscription.team
    about = " ".join(subscription.match.split()) or "everything"
    name = f"{whose}: {about}"[:90].strip()
    taken = set(
        Subscription.objects.filter(name__startswith=name)
        .exclude(pk=subscription.pk)
        .values_list("name", flat=True)
    )
    numbered = (f"{name} {number}" for number in range(2, len(taken) + 3))
    return name if name not in taken else next(found for found in numbered if found not in taken)


def _check_subscription(subscription: Subscription) -> None:
    subscription.digest = " ".join(subscription.digest.split())
    if (subscription.user_id is None) == (subscription.team_id is None):
        message = "a subscription is of a person or of a team: name one of them"
        raise PayloadError(f"The subscription is not right: {message}.", [FieldError("", message)])
    check_columns(subscription)
    errors = complaint_of_match(subscription.match, "match", narrow=False)
    zone = subscription.zone
    asked = _complaint("zone", lambda: zone_of(zone))
    if not asked and subscription.digest:
        asked += _complaint("digest", lambda: parse_digest(subscription.digest, zone))
    if not asked:
        asked += _complaint("quiet_hours", lambda: parse_hours(subscription.quiet_hours, zone))
    errors += asked + _complaints_of_channel(subscription)
    if errors:
        text = "; ".join(f"{error.field}: {error.message}" for error in errors)
        raise PayloadError(f"The subscription is not right: {text}", errors)


def _complaint(field: str, check: Callable[[], object]) -> list[FieldError]:
    try:
        check()
    except PayloadError as error:
        return [FieldError(field, error.message)]
    return []


def _complaints_of_channel(subscription: Subscription) -> list[FieldError]:
    """People are told by their own channels, teams by theirs or by one that is nobody's."""
    channel = subscription.channel
    if channel is None:
        return [] if subscription.user_id else [FieldError("channel", "a team needs one")]
    if subscription.user_id:
        if channel.user_id == subscription.user_id:
            return []
        return [FieldError("channel", "is none of the person's own; leave it empty")]
    if channel.user_id is None and channel.team_id in (None, subscription.team_id):
        return []
    return [FieldError("channel", "is another team's or a person's")]

"""The allow-list of SNS topics: what a person puts on it and takes off it."""

from datetime import datetime

import msgspec
from django.db import transaction

from alerts.change.record import (
    State,
    check_columns,
    record_deleted,
    record_saved,
    save_row,
    team_name,
)
from alerts.formats.aws.envelope import read_envelope
from alerts.formats.aws.signature import check_envelope
from alerts.models import SnsTopic
from opsportal.accounts.actors import Actor
from opsportal.lib.errors import ConflictError, ForbiddenError

Standing = SnsTopic.State


def allow_topic(topic: SnsTopic, *, actor: Actor, now: datetime) -> None:
    """Let a new topic, or one that was refused so far, send with its key.

    What a refused one asked with is verified now, as of when it came. Raises PayloadError,
    ConflictError, and UnavailableError when that cannot be verified now.
    """
    if topic.pk is None:
        _add(topic, actor=actor, now=now)
        return
    asked = topic.confirmation
    error = _complaint(topic)
    with transaction.atomic():
        rows = SnsTopic.objects.select_for_update(of=("self",)).select_related("key__team")
        locked = rows.get(pk=topic.pk)
        if locked.state != Standing.UNKNOWN or locked.confirmation != asked:
            raise ConflictError("The topic has changed meanwhile; look at it again.")
        before = topic_state(locked)
        if error:
            locked.confirmation = None
        locked.state = Standing.PENDING if locked.confirmation else Standing.ALLOWED
        locked.error, locked.last_message_at = error[:500], None
        locked.save()
        record_saved(locked, before, topic_state(locked), actor=actor, now=now)


@transaction.atomic
def forget_topic(topic: SnsTopic, *, actor: Actor, now: datetime) -> None:
    """Take it off the list: what it sends is refused from now on."""
    record_deleted(topic, topic_state(topic), actor=actor, now=now)
    topic.delete()


def topic_state(topic: SnsTopic) -> State:
    """How it stands, for the trail."""
    return {
        "topic_arn": topic.topic_arn,
        "key": str(topic.key),
        "team": team_name(topic.team),
        "state": str(topic.state),
        "subscription_arn": topic.subscription_arn,
        "error": topic.error,
    }


@transaction.atomic
def _add(topic: SnsTopic, *, actor: Actor, now: datetime) -> None:
    topic.state, topic.first_seen_at = Standing.ALLOWED, now
    check_columns(topic)
    save_row(topic)
    record_saved(topic, None, topic_state(topic), actor=actor, now=now)


def _complaint(topic: SnsTopic) -> str:
    """What is wrong with what it asked with; empty when nothing is, or nothing was asked."""
    if topic.confirmation is None or topic.asked_at is None:
        return ""
    envelope = read_envelope(msgspec.json.encode(topic.confirmation))
    try:
        check_envelope(envelope, topic.asked_at)
    except ForbiddenError as error:
        return f"It asked with a message that was not from SNS. {error.message}"
    return ""

"""Act: what a channel could not deliver is told through its fallback, once.

That a channel was told of something already is a row, and unique: it ends every circle of
fallbacks.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from alerts.models import Notification
from opsportal.lib.jobs import nudge
from opsportal.lib.outbox import OutboxRow

State = OutboxRow.State
# Of what was buried without a word, by a worker that vanished: how far back to look.
_LOOK_BACK = timedelta(minutes=10)
_BATCH = 500


def tell_fallbacks(rows: Sequence[Notification], *, now: datetime) -> None:
    """Write a notification for the fallback of each row's channel, where there is one."""
    found = [
        Notification(
            alert_id=row.alert_id,
            transition_id=row.transition_id,
            channel_id=row.channel.fallback_id,
            rule_id=row.rule_id,
            subscription_id=row.subscription_id,
            # Of several in a chain the first: it knows the group.
            instead_of_id=row.instead_of_id or row.pk,
            about=row.about,
            created_at=now,
            due_at=now,
        )
        for row in rows
        if row.channel.fallback_id is not None
    ]
    if found:
        Notification.objects.bulk_create(found, ignore_conflicts=True)
        nudge("alerts.notifications")


def settle_followers(lead: Notification, *, now: datetime) -> None:
    """The others of a group share the fate of the one that spoke for them."""
    if lead.state not in (State.DONE, State.DEAD) or lead.group_id is None:
        return
    error = "" if lead.state == State.DONE else lead.last_error
    Notification.objects.filter(lead=lead, state=State.HELD).update(
        state=lead.state, finished_at=now, last_error=error
    )


def mend_dead(*, now: datetime) -> int:
    """Do what is left to do about the dead whose burial nobody saw to its end; how many."""
    told = Notification.objects.filter(
        alert=OuterRef("alert"), channel=OuterRef("channel__fallback"), about=OuterRef("about")
    )
    followers = Notification.objects.filter(lead=OuterRef("pk"), state=State.HELD)
    dead = Notification.objects.filter(
        state=State.DEAD, lead=None, finished_at__gte=now - _LOOK_BACK
    ).select_related("channel")
    orphaned = list(dead.filter(Exists(followers))[:_BATCH])
    for lead in orphaned:
        settle_followers(lead, now=now)
    untold = list(dead.filter(channel__fallback__isnull=False).exclude(Exists(told))[:_BATCH])
    tell_fallbacks(untold, now=now)
    return len({row.pk for row in [*orphaned, *untold]})

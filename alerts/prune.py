"""Retention: what is old enough goes, in batches that hold no lock for long."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from alerts.models import (
    Alert,
    AlertGroup,
    ChangeWindow,
    Decision,
    DeliveryAttempt,
    IdempotentReply,
    Notification,
    PolicyVersion,
    RawDelivery,
    SenderCount,
    Transition,
)
from opsportal.lib.outbox import OutboxRow
from opsportal.lib.retention import BATCH, MOST_BATCHES, delete_in_batches

REPLY_LIFETIME = timedelta(hours=24)


def prune_episodes(*, now: datetime) -> int:
    """Delete episodes resolved before the retention, with all that belongs to them."""
    cutoff = now - settings.RETENTION
    # An episode resolved before the cutoff was received before it too: that has an index.
    old = Alert.objects.filter(received_at__lt=cutoff, resolved_at__lt=cutoff)
    total = 0
    for _ in range(MOST_BATCHES):
        with transaction.atomic():
            found = list(old.order_by("received_at").values_list("pk", flat=True)[:BATCH])
            if not found:
                break
            DeliveryAttempt.objects.filter(notification__alert__in=found).delete()
            Notification.objects.filter(alert__in=found).delete()
            Decision.objects.filter(transition__alert__in=found).delete()
            Transition.objects.filter(alert__in=found).delete()
            Alert.objects.filter(pk__in=found).delete()
        total += len(found)
    return total


def prune_groups(*, now: datetime) -> int:
    """Delete groups of before the retention of whose notifications none is left."""
    old = AlertGroup.objects.filter(
        opened_at__lt=now - settings.RETENTION, state=OutboxRow.State.DONE, notifications=None
    )
    return delete_in_batches(old, order_by="pk")


def prune_windows(*, now: datetime) -> int:
    """Delete change windows of before the retention, with their versions."""
    cutoff = now - settings.RETENTION
    versions = PolicyVersion.objects.filter(kind="changewindow", at__lt=cutoff)
    old = ChangeWindow.objects.filter(ends_at__lt=cutoff)
    return delete_in_batches(versions, order_by="pk") + delete_in_batches(old, order_by="ends_at")


def prune_replies(*, now: datetime) -> int:
    """Forget the answers to Idempotency-Keys of more than a day ago."""
    old = IdempotentReply.objects.filter(created_at__lt=now - REPLY_LIFETIME)
    return delete_in_batches(old, order_by="created_at")


def prune_deliveries(*, now: datetime) -> int:
    """Forget what came in, and the counts of senders, of before its retention."""
    cutoff = now - settings.RAW_RETENTION
    old = RawDelivery.objects.filter(received_at__lt=cutoff)
    counts = SenderCount.objects.filter(slot__lt=cutoff)
    return delete_in_batches(old, order_by="received_at") + delete_in_batches(
        counts, order_by="slot"
    )

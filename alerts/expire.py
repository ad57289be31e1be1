"""Time passes: open episodes expire, snoozes end."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from alerts.models import Alert, Decision, Transition
from opsportal.lib.jobs import nudge
from opsportal.lib.times import format_duration

BATCH = 500


def expire_episodes(*, now: datetime) -> int:
    """Resolve the open episodes whose time has run out; how many there were."""
    due = Alert.objects.filter(resolved_at=None, expires_at__lte=now)
    changes = {
        "status": Alert.Status.RESOLVED,
        "resolved_at": now,
        "snoozed_until": None,
    }
    return _change_all(due, Transition.Kind.EXPIRED, changes, now)


def wake_snoozed(*, now: datetime) -> int:
    """End the snoozes that have lasted long enough; what still fires is told again."""
    due = Alert.objects.filter(resolved_at=None, snoozed_until__lte=now)
    return _change_all(due, Transition.Kind.WOKEN, {"snoozed_until": None}, now)


def _change_all(
    due: QuerySet[Alert], kind: str, changes: Mapping[str, object], now: datetime
) -> int:
    total = 0
    while True:
        with transaction.atomic():
            # Those that somebody else is changing are left for the next time.
            locked = due.select_for_update(skip_locked=True).order_by("dedup_key")
            found = list(locked.values_list("pk", "status", "last_received_at")[:BATCH])
            if not found:
                return total
            Alert.objects.filter(pk__in=[pk for pk, _, _ in found]).update(**changes)
            after = str(changes.get("status", ""))
            _record(
                [
                    Transition(
                        alert_id=pk,
                        kind=kind,
                        at=now,
                        before=status,
                        after=after or status,
                        note=_note(kind, now - heard),
                    )
                    for pk, status, heard in found
                ],
                now,
            )
        total += len(found)


def _note(kind: str, silent: timedelta) -> str:
    """Why it is over, as nobody said so."""
    if kind != Transition.Kind.EXPIRED:
        return ""
    return f"Resolved by itself: not heard of for {format_duration(silent)}."


def _record(transitions: Sequence[Transition], now: datetime) -> None:
    """The transitions, and the work of routing them."""
    stored = Transition.objects.bulk_create(transitions)
    Decision.objects.bulk_create(Decision(transition=found, due_at=now) for found in stored)
    nudge("alerts.decisions")

"""Heartbeats: what is heard, and what is not heard of in time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper, F, Q, Value

from alerts.change.heartbeats import ALARMED, resolve_heartbeat, save_heartbeat
from alerts.models import Heartbeat, HeartbeatWatch
from alerts.normalise import AlertEvent
from alerts.receive import receive_alerts
from opsportal.accounts.actors import Actor
from opsportal.lib.deadlocks import start_over
from opsportal.lib.errors import ForbiddenError
from opsportal.lib.times import format_duration, format_instant

State = Heartbeat.State
BATCH = 200
# Looked at every few seconds; a longer gap is one in which nothing was heard either.
DEAF_AFTER = timedelta(seconds=30)
_WATCH = 1


@dataclass(frozen=True, slots=True)
class Beat:
    """What a sender says; how often it will, where it says so."""

    name: str
    failed: bool = False
    message: str = ""
    interval: timedelta | None = None
    grace: timedelta | None = None
    # The sender's team; it has no say in the heartbeats of others.
    team_id: int | None = None


def hear_beat(beat: Beat, *, actor: Actor, now: datetime) -> str | None:
    """It is alive, or says that it has failed: its state from now on.

    Where nothing changes this is one statement. An unknown one is set up when the beat says how
    often it comes; None when it does not. Raises ForbiddenError, PayloadError.
    """
    if not beat.failed and _moved(beat, now):
        return State.OK

    def hear() -> str | None:
        with transaction.atomic():
            return _hear(beat, actor, now)

    return start_over(hear)


def check_heartbeats(*, now: datetime) -> int:
    """Raise an alert for each that was not heard of in time; how many there were.

    After a time in which the portal heard nothing, those it may have missed get another chance.
    """
    _notice_gap(now)
    total = 0
    due = Heartbeat.objects.filter(enabled=True, state__in=[State.NEW, State.OK], due_at__lte=now)
    while due.exists():

        def raise_alerts() -> int:
            with transaction.atomic():
                locked = due.select_for_update(skip_locked=True, of=("self",))
                found = list(locked.order_by("name")[:BATCH])
                receive_alerts([_missing(heartbeat, now) for heartbeat in found], now=now)
                ids = [heartbeat.pk for heartbeat in found]
                Heartbeat.objects.filter(pk__in=ids).update(state=State.MISSING)
            return len(found)

        raised = start_over(raise_alerts)
        if not raised:
            break
        total += raised
    return total


def _moved(beat: Beat, now: datetime) -> bool:
    """The usual case: a healthy one is heard of again."""
    rows = Heartbeat.objects.filter(name=beat.name, state=State.OK)
    if beat.team_id is not None:
        rows = rows.filter(Q(team=None) | Q(team=beat.team_id))
    if beat.interval is not None:
        rows = rows.filter(interval=beat.interval)
    if beat.grace is not None:
        rows = rows.filter(grace=beat.grace)
    due_at = ExpressionWrapper(
        Value(now) + F("interval") + F("grace"), output_field=DateTimeField()
    )
    changed = rows.update(last_seen_at=now, due_at=due_at, message=beat.message)
    return changed > 0


def _hear(beat: Beat, actor: Actor, now: datetime) -> str | None:
    heartbeat = (
        Heartbeat.objects.select_for_update(of=("self",))
        .select_related("team")
        .filter(name=beat.name)
        .first()
    )
    if heartbeat is None:
        if beat.interval is None:
            return None
        heartbeat = Heartbeat(name=beat.name, team_id=beat.team_id)
    elif beat.team_id is not None and heartbeat.team_id not in (None, beat.team_id):
        raise ForbiddenError("This heartbeat is another team's.")
    heartbeat.interval = heartbeat.interval if beat.interval is None else beat.interval
    heartbeat.grace = heartbeat.grace if beat.grace is None else beat.grace
    save_heartbeat(heartbeat, actor=actor, now=now)
    alarmed = heartbeat.state in ALARMED
    heartbeat.state = State.FAILED if beat.failed else State.OK
    heartbeat.last_seen_at, heartbeat.message = now, beat.message
    heartbeat.due_at = now + heartbeat.interval + heartbeat.grace
    heartbeat.save(update_fields=["state", "last_seen_at", "message", "due_at"])
    if beat.failed and heartbeat.enabled:
        receive_alerts([_failed(heartbeat)], now=now)
    elif alarmed:
        resolve_heartbeat(heartbeat, now=now)
    return str(heartbeat.state)


def _missing(heartbeat: Heartbeat, now: datetime) -> AlertEvent:
    seen = heartbeat.last_seen_at
    if seen is None:
        summary = f"{heartbeat.name} has never been heard of"
    else:
        summary = f"{heartbeat.name} has not been heard of for {format_duration(now - seen)}"
    return _event(heartbeat, "HeartbeatMissing", summary)


def _failed(heartbeat: Heartbeat) -> AlertEvent:
    said = f": {heartbeat.message}" if heartbeat.message else ""
    return _event(heartbeat, "HeartbeatFailed", f"{heartbeat.name} says that it failed{said}")


def _event(heartbeat: Heartbeat, name: str, summary: str) -> AlertEvent:
    seen = heartbeat.last_seen_at
    return AlertEvent(
        name=name,
        dedup_key=heartbeat.dedup_key,
        severity=heartbeat.severity,
        summary=summary[:1024],
        description=(
            f"Expected every {format_duration(heartbeat.interval)}, with a grace of "
            f"{format_duration(heartbeat.grace)}; last heard of: "
            f"{format_instant(seen) if seen else 'never'}."
        ),
        source="heartbeat",
        service=heartbeat.service,
        environment=heartbeat.environment,
        labels={**heartbeat.labels, "heartbeat": heartbeat.name},
        team_id=heartbeat.team_id,
    )


def _notice_gap(now: datetime) -> None:
    """Note that the portal listens; after a gap, give what was to be heard in it more time."""
    watch = HeartbeatWatch.objects.filter(pk=_WATCH).first()
    if watch is None:
        HeartbeatWatch.objects.bulk_create(
            [HeartbeatWatch(pk=_WATCH, looked_at=now)], ignore_conflicts=True
        )
        return
    if watch.looked_at >= now:
        return
    with transaction.atomic():
        ours = HeartbeatWatch.objects.filter(pk=_WATCH, looked_at=watch.looked_at)
        if ours.update(looked_at=now) and now - watch.looked_at > DEAF_AFTER:
            rows = Heartbeat.objects.select_for_update().filter(state__in=[State.NEW, State.OK])
            _give_time(list(rows.order_by("name")), watch.looked_at, now)


def _give_time(heartbeats: Sequence[Heartbeat], since: datetime, now: datetime) -> None:
    """A beat that was due in the gap, or shortly after it, may have been lost in it.

    Shortly: within the grace, and within the length of the gap, since whoever beats more often
    than it has to may have lost several. Others are left alone, so that restarts day by day do
    not put off for ever what is due once a day.
    """
    late = []
    for heartbeat in heartbeats:
        expected = heartbeat.due_at - heartbeat.grace
        if expected - max(heartbeat.grace, now - since) < now:
            heartbeat.due_at = now + heartbeat.interval + heartbeat.grace
            late.append(heartbeat)
    Heartbeat.objects.bulk_update(late, ["due_at"], batch_size=500)

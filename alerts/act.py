"""What people and keys do with an episode. Each deed locks it, changes it, and leaves a trail."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from alerts.escalate import end_escalations, hold_escalations, look_again, restart_escalations
from alerts.models import Alert, Decision, Transition
from alerts.normalise import LONGEST_NOTE, LONGEST_SNOOZE
from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import record_audit
from opsportal.lib.errors import ConflictError, FieldError, OpsError, PayloadError
from opsportal.lib.jobs import nudge
from opsportal.lib.times import format_instant

Kind = Transition.Kind
Status = Alert.Status
MOST_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class _Deed:
    """One deed on a locked episode."""

    alert: Alert
    actor: Actor
    now: datetime
    note: str

    def record(self, kind: str, action: str, before: str = "", after: str = "") -> Transition:
        """The transition and the audit entry."""
        found = Transition.objects.create(
            alert=self.alert,
            kind=kind,
            at=self.now,
            before=before[:300],
            after=after[:300],
            note=self.note,
            actor=self.actor.name[:200],
            user_id=self.actor.user_id,
            key_id=self.actor.key_id,
        )
        record_audit(
            self.actor,
            action,
            self.alert,
            before={"value": before} if before else None,
            after={"value": after, "note": self.note} if after or self.note else None,
            now=self.now,
        )
        return found

    def require_open(self) -> None:
        """Raises ConflictError on an episode that is over."""
        if self.alert.status == Status.RESOLVED:
            when = format_instant(self.alert.resolved_at) if self.alert.resolved_at else "?"
            raise ConflictError(f"Alert {self.alert.pk} is resolved since {when}.")


def _begin(alert_id: int, actor: Actor, now: datetime, note: str) -> _Deed:
    """Lock the episode. Raises Alert.DoesNotExist."""
    if len(note) > LONGEST_NOTE:
        message = f"at most {LONGEST_NOTE} characters"
        raise PayloadError(f"The note is too long: {message}.", [FieldError("note", message)])
    alert = Alert.objects.select_for_update().get(pk=alert_id)
    return _Deed(alert, actor, now, note.replace("\0", "").strip())


@transaction.atomic
def acknowledge_alert(alert_id: int, *, actor: Actor, now: datetime, note: str = "") -> Alert:
    """Somebody has taken it. Raises ConflictError when it is acknowledged or resolved."""
    deed = _begin(alert_id, actor, now, note)
    deed.require_open()
    if deed.alert.status == Status.ACKNOWLEDGED:
        raise ConflictError(f"Alert {alert_id} is already acknowledged.")
    deed.alert.status = Status.ACKNOWLEDGED
    deed.alert.save(update_fields=["status"])
    deed.record(Kind.ACKNOWLEDGED, "acknowledge", Status.FIRING.value, Status.ACKNOWLEDGED.value)
    hold_escalations(alert_id, now=now)
    return deed.alert


@transaction.atomic
def unacknowledge_alert(alert_id: int, *, actor: Actor, now: datetime, note: str = "") -> Alert:
    """Nobody has it any more. Raises ConflictError when it is not acknowledged."""
    deed = _begin(alert_id, actor, now, note)
    deed.require_open()
    if deed.alert.status != Status.ACKNOWLEDGED:
        raise ConflictError(f"Alert {alert_id} is {deed.alert.status}, not acknowledged.")
    deed.alert.status = Status.FIRING
    deed.alert.save(update_fields=["status"])
    deed.record(
        Kind.UNACKNOWLEDGED, "unacknowledge", Status.ACKNOWLEDGED.value, Status.FIRING.value
    )
    restart_escalations([alert_id], now=now)
    return deed.alert


@transaction.atomic
def resolve_alert(alert_id: int, *, actor: Actor, now: datetime, note: str = "") -> Alert:
    """It is over; everyone who was told will be told. Raises ConflictError when it is already."""
    deed = _begin(alert_id, actor, now, note)
    deed.require_open()
    before = deed.alert.status
    deed.alert.status, deed.alert.resolved_at = Status.RESOLVED, now
    deed.alert.snoozed_until = None
    deed.alert.save(update_fields=["status", "resolved_at", "snoozed_until"])
    ended = deed.record(Kind.RESOLVED, "resolve", before, Status.RESOLVED.value)
    Decision.objects.create(transition=ended, due_at=now)
    end_escalations(alert_id, now=now)
    nudge("alerts.decisions")
    return deed.alert


@transaction.atomic
def assign_alert(
    alert_id: int, user_id: int | None, *, actor: Actor, now: datetime, note: str = ""
) -> Alert:
    """Give it to a person, or to nobody. Raises ConflictError when it is theirs already."""
    deed = _begin(alert_id, actor, now, note)
    deed.require_open()
    if deed.alert.assignee_id == user_id:
        whom = "nobody" if user_id is None else str(deed.alert.assignee)
        raise ConflictError(f"Alert {alert_id} is already assigned to {whom}.")
    user = None
    if user_id is not None:
        user = get_user_model().objects.filter(pk=user_id, is_active=True).first()
        if user is None:
            message = f"there is no active user {user_id}"
            raise PayloadError(f"It cannot be assigned: {message}.", [FieldError("user", message)])
    before = deed.alert.assignee.get_username() if deed.alert.assignee else ""
    deed.alert.assignee = user
    deed.alert.save(update_fields=["assignee"])
    deed.record(Kind.ASSIGNED, "assign", before, user.get_username() if user else "")
    return deed.alert


@transaction.atomic
def snooze_alert(
    alert_id: int, until: datetime, *, actor: Actor, now: datetime, note: str = ""
) -> Alert:
    """Tell nobody until then, unless it gets worse. Raises PayloadError when `until` is no use."""
    deed = _begin(alert_id, actor, now, note)
    deed.require_open()
    if until.tzinfo is None or not now < until <= now + LONGEST_SNOOZE:
        message = f"must be after {format_instant(now)} and at most a year from it"
        raise PayloadError(f"It cannot be snoozed: {message}.", [FieldError("until", message)])
    if deed.alert.snoozed_until == until:
        raise ConflictError(f"Alert {alert_id} is already snoozed until {format_instant(until)}.")
    before = format_instant(deed.alert.snoozed_until) if deed.alert.snoozed_until else ""
    deed.alert.snoozed_until = until
    deed.alert.save(update_fields=["snoozed_until"])
    deed.record(Kind.SNOOZED, "snooze", before, format_instant(until))
    return deed.alert


@transaction.atomic
def unsnooze_alert(alert_id: int, *, actor: Actor, now: datetime, note: str = "") -> Alert:
    """End the snooze at once. Whoever does it knows of it, so nobody is told."""
    deed = _begin(alert_id, actor, now, note)
    deed.require_open()
    before = deed.alert.snoozed_until
    if before is None:
        raise ConflictError(f"Alert {alert_id} is not snoozed.")
    deed.alert.snoozed_until = None
    deed.alert.save(update_fields=["snoozed_until"])
    deed.record(Kind.WOKEN, "unsnooze", format_instant(before))
    look_again(alert_id, now=now)
    return deed.alert


@transaction.atomic
def add_note(alert_id: int, note: str, *, actor: Actor, now: datetime) -> Alert:
    """Write something down, on an open episode or a past one."""
    deed = _begin(alert_id, actor, now, note)
    if not deed.note:
        raise PayloadError("The note is empty.", [FieldError("note", "this is needed")])
    deed.record(Kind.NOTED, "note")
    return deed.alert


@transaction.atomic
def reword_alert(alert_id: int, field: str, text: str, *, actor: Actor, now: datetime) -> Alert:
    """Another summary or description, until its sender has one. Raises ConflictError."""
    deed = _begin(alert_id, actor, now, "")
    deed.require_open()
    before = getattr(deed.alert, field)
    if before == text:
        raise ConflictError(f"Alert {alert_id} has this {field} already.")
    setattr(deed.alert, field, text)
    deed.alert.save(update_fields=[field])
    deed.record(Kind.SET, "reword", f"{field}={before}"[:300], f"{field}={text}"[:300])
    return deed.alert


ACTIONS: Mapping[str, Callable[..., Alert]] = MappingProxyType(
    {
        "acknowledge": acknowledge_alert,
        "unacknowledge": unacknowledge_alert,
        "resolve": resolve_alert,
        "assign": assign_alert,
        "snooze": snooze_alert,
        "unsnooze": unsnooze_alert,
        "note": add_note,
    }
)


def act_on_alerts(
    action: str, alert_ids: Sequence[int], **arguments: Any
) -> list[tuple[int, str, str]]:
    """Do one deed to many: `(id, outcome, message)` for each, in their order.

    The outcome is `done`, `conflict` (it was so already), `invalid`, or `not_found`.
    """
    if action not in ACTIONS:
        message = f"{action!r} is none of {', '.join(ACTIONS)}"
        raise PayloadError(f"No such action: {message}.", [FieldError("action", message)])
    ids = list(dict.fromkeys(alert_ids))
    if len(ids) > MOST_AT_ONCE:
        message = f"at most {MOST_AT_ONCE} at once"
        raise PayloadError(f"Too many alerts: {message}.", [FieldError("ids", message)])
    outcomes: dict[int, tuple[str, str]] = {}
    with transaction.atomic():  # one flush to disk for all of them
        # Locked by key, as everywhere, so that nobody waits crosswise.
        locked = Alert.objects.select_for_update().filter(pk__in=ids).order_by("dedup_key")
        present = list(locked.values_list("pk", flat=True))
        for alert_id in present:
            outcomes[alert_id] = _try(ACTIONS[action], alert_id, arguments)
    missing = ("not_found", "There is no such alert.")
    return [(alert_id, *outcomes.get(alert_id, missing)) for alert_id in ids]


def _try(
    deed: Callable[..., Alert], alert_id: int, arguments: Mapping[str, Any]
) -> tuple[str, str]:
    try:
        deed(alert_id, **arguments)
    except OpsError as error:
        return error.code, error.message
    return "done", ""

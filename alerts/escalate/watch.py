"""What must hold: no walk is late, and none sleeps while nobody has its alert."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Min, Q, QuerySet
from django.db.models.functions import Coalesce

from alerts.escalate.begin import restart_escalations
from alerts.models import Alert, Escalation
from alerts.normalise import worse
from alerts.ourselves import report_invariant
from opsportal.lib.outbox import UNFINISHED, OutboxRow, StateIn
from opsportal.lib.times import format_duration

State, Progress = OutboxRow.State, Escalation.Progress
LATE_AFTER = timedelta(seconds=60)


def watch_escalations(*, now: datetime) -> None:
    """Wake the walks of what nobody has any more, and say so when one is late."""
    _end_held()
    _restart(now)
    late = late_escalations(now).aggregate(oldest=Min("wanted_at"))
    count = late_escalations(now).count() if late["oldest"] else 0
    complaint = ""
    if count:
        age = format_duration(now - late["oldest"])
        complaint = (
            f"{count} due escalation{'s are' if count > 1 else ' is'} late, the oldest by {age}: "
            "people who should be paged are not. Look at the escalations and at the processes."
        )
    report_invariant("escalations-late", "EscalationsLate", complaint, severity="critical", now=now)


def late_escalations(now: datetime) -> QuerySet[Escalation]:
    """Walks whose next step should have been told more than a minute ago."""
    walks = Escalation.objects.filter(
        UNFINISHED | StateIn(State.DEAD),
        alert__status=Alert.Status.FIRING,
        alert__resolved_at=None,
        alert__suppressed="",
    ).order_by()
    awake = Q(alert__snoozed_until=None) | Q(alert__snoozed_until__lte=now - LATE_AFTER)
    # `due_at` moves with every attempt, this does not.
    wanted = Coalesce("next_at", "began_at", "created_at")
    return walks.filter(awake).annotate(wanted_at=wanted).filter(wanted_at__lt=now - LATE_AFTER)


def _end_held() -> None:
    """Those of alerts that were resolved while somebody had them."""
    held = Escalation.objects.filter(state=State.HELD, alert__resolved_at__isnull=False)
    for pk, resolved_at in held.values_list("pk", "alert__resolved_at"):
        Escalation.objects.filter(pk=pk, state=State.HELD).update(
            state=State.DONE, progress=Progress.RESOLVED, finished_at=resolved_at
        )


def _restart(now: datetime) -> None:
    """Those whose alert fires again, or got worse, since somebody last looked."""
    firing = Escalation.objects.filter(
        alert__resolved_at=None, alert__status=Alert.Status.FIRING
    ).order_by("alert__dedup_key")
    changed = firing.filter(
        Q(state=State.HELD) | (~Q(severity="") & ~Q(severity=F("alert__severity")))
    )
    for alert_id in list(dict.fromkeys(changed.values_list("alert_id", flat=True))):
        with transaction.atomic():
            alert = Alert.objects.select_for_update().get(pk=alert_id)
            rows = list(changed.filter(alert=alert))
            if any(row.state == State.HELD or worse(alert.severity, row.severity) for row in rows):
                restart_escalations([alert.pk], now=now)
            elif rows:  # better: what gets worse from here counts
                Escalation.objects.filter(pk__in=[row.pk for row in rows]).update(
                    severity=alert.severity
                )

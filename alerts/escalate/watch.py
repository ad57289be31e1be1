"""What must hold: no walk is late, and none sleeps while nobody has its alert."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from alerts.escalate.begin import restart_escalations
from alerts.escalate.follow import settle_followers, strays
from alerts.models import Alert, Escalation
from alerts.normalise import worse
from alerts.ourselves import report_invariant
from opsportal.lib.ids import IdIn
from opsportal.lib.outbox import UNFINISHED, OutboxRow, StateIn
from opsportal.lib.times import format_duration

State, Progress = OutboxRow.State, Escalation.Progress
LATE_AFTER = timedelta(seconds=60)
_MOST = 100
# Of an alert that fires: held for somebody who gave it back, or for a leader that is gone.
_NOBODY_HAS = Q(state=State.HELD) & (
    Q(progress=Progress.ACKNOWLEDGED) | Q(progress=Progress.FOLLOWING, leader=None)
)


def watch_escalations(*, now: datetime) -> None:
    """Wake the walks of what nobody has any more, and say so when one is late."""
    _end_held()
    _mend(now)
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
    """Those of alerts that were resolved while somebody had them, or another spoke for them."""
    ended = Q(state=State.HELD, alert__resolved_at__isnull=False)
    held = Escalation.objects.filter(ended).order_by("pk")
    free = held.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)
    over = Alert.objects.filter(pk=OuterRef("alert_id")).values("resolved_at")
    with transaction.atomic():
        if found := list(free):
            Escalation.objects.filter(IdIn(found)).update(
                state=State.DONE, progress=Progress.RESOLVED, finished_at=Subquery(over)
            )


def _mend(now: datetime) -> None:
    """Followers whose leader has ended without their knowing, or has failed for good."""
    for pk, alert_id in list(strays().values_list("pk", "alert_id")[:_MOST]):
        with transaction.atomic():
            alert = Alert.objects.select_for_update(of=("self",)).get(pk=alert_id)
            leader = strays().filter(pk=pk).first()
            if leader is not None:
                leader.alert = alert
                settle_followers(leader, now=now)


def _restart(now: datetime) -> None:
    """Those whose alert fires again, or got worse, since somebody last looked."""
    firing = Escalation.objects.filter(
        alert__resolved_at=None, alert__status=Alert.Status.FIRING
    ).order_by("alert__dedup_key")
    changed = firing.filter(_NOBODY_HAS | (~Q(severity="") & ~Q(severity=F("alert__severity"))))
    for alert_id in list(dict.fromkeys(changed.values_list("alert_id", flat=True))):
        with transaction.atomic():
            alert = Alert.objects.select_for_update().get(pk=alert_id)
            rows = list(changed.filter(alert=alert))
            orphans = changed.filter(_NOBODY_HAS, alert=alert).exists()
            if orphans or any(worse(alert.severity, row.severity) for row in rows):
                restart_escalations([alert.pk], now=now)
            elif rows:  # better: what gets worse from here counts
                Escalation.objects.filter(pk__in=[row.pk for row in rows]).update(
                    severity=alert.severity
                )

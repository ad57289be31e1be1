"""An alert for each account whose trail fell silent: who changes it then is not known."""

from datetime import datetime

from django.conf import settings
from django.db.models import Q, QuerySet

from alerts.models import Alert
from alerts.normalise import FIRING, RESOLVED, AlertEvent, Link
from alerts.receive import receive_alerts
from opsportal.lib.times import format_duration
from security.models import CloudAccount, TrailError

PREFIX = "security:trail-silent:"
NAME = "TrailSilent"


def watch_silence(*, now: datetime) -> int:
    """Raise and resolve; how many are silent. Said again as long as it lasts."""
    silent = list(silent_accounts(now=now))
    told = {_key(row) for row in silent}
    opened = Alert.objects.filter(dedup_key__startswith=PREFIX, resolved_at=None)
    over = [
        AlertEvent(name=NAME, dedup_key=key, status=RESOLVED, ends_at=now, source="opsportal")
        for key in opened.values_list("dedup_key", flat=True)
        if key not in told
    ]
    errors = _errors(silent)
    events = [_event(row, errors.get(row.pk, ""), now) for row in silent]
    if events or over:
        receive_alerts([*events, *over], now=now)
    return len(silent)


def expecting_accounts() -> QuerySet[CloudAccount]:
    """Watched accounts that name a queue, or were heard by another's or by the door."""
    rows = CloudAccount.objects.filter(kind=CloudAccount.Kind.MANAGED, enabled=True, frozen=False)
    return rows.filter(~Q(trail_queue_url="") | Q(trail_heard_at__isnull=False))


def silent_accounts(*, now: datetime) -> QuerySet[CloudAccount]:
    """Those that were not heard for `OPSPORTAL_TRAIL_SILENT_HOURS`."""
    since = now - settings.TRAIL_SILENT_AFTER
    never = Q(trail_heard_at=None, created_at__lt=since)
    return expecting_accounts().filter(Q(trail_heard_at__lt=since) | never)


def _errors(accounts: list[CloudAccount]) -> dict[int, str]:
    """Why each queue could not be read last."""
    rows = TrailError.objects.filter(account__in=accounts, kind=TrailError.Kind.QUEUE)
    ordered = rows.order_by("last_at").values_list("account_id", "what", "message")
    return {account: f"{what}: {message}" for account, what, message in ordered}


def _key(account: CloudAccount) -> str:
    return f"{PREFIX}{account.account_id}"


def _event(account: CloudAccount, error: str, now: datetime) -> AlertEvent:
    heard = account.trail_heard_at
    since = f"for {format_duration(now - heard)}" if heard else "ever"
    why = f"Its queue could not be read: {error}" if error else (
        "Is the trail logging, is the rule of EventBridge on, and may it write to the queue?"
    )  # fmt: skip
    return AlertEvent(
        name=NAME,
        dedup_key=_key(account),
        status=FIRING,
        severity="high",
        summary=f"CloudTrail of {account.name} was not heard {since}"[:1024],
        description=f"{why}\nUntil it is heard again nobody can tell who changes the account."[
            :4000
        ],
        source="opsportal",
        service="cloudtrail",
        labels={"account": account.account_id, "account_name": account.name},
        links=(Link(f"{settings.PUBLIC_URL}/security/unannounced/", "What is not announced"),),
        team_id=account.team_id,
    )

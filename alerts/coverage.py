"""An alert for each source of changes that fell silent; and which services alerts speak of."""

from datetime import datetime, timedelta

from django.conf import settings

from alerts.models import Alert
from alerts.normalise import FIRING, RESOLVED, AlertEvent, Link
from alerts.ourselves import SOURCE
from alerts.receive import receive_alerts
from chronos.coverage import SILENT, SourceCoverage, cover_sources
from chronos.names import mention_names
from opsportal.lib.times import format_duration, format_instant

PREFIX = f"{SOURCE}:silent-source:"
# Its page, below the portal's own address.
PAGE = "/changes/coverage/"
# Services of alerts that began within are mentioned again.
_MENTIONED = timedelta(hours=1)


def watch_sources(*, now: datetime) -> int:
    """Raise an alert for each that is silent, and resolve those of which one hears again.

    Said again as long as it lasts, which changes nothing. How many are silent.
    """
    silent = [row for row in cover_sources(now=now) if row.state == SILENT]
    told = {_key(row.source) for row in silent}
    opened = Alert.objects.filter(dedup_key__startswith=PREFIX, resolved_at=None)
    over = [
        AlertEvent(name="SourceSilent", dedup_key=key, status=RESOLVED, ends_at=now, source=SOURCE)
        for key in opened.values_list("dedup_key", flat=True)
        if key not in told
    ]
    receive_alerts([*(_event(row, now) for row in silent), *over], now=now)
    return len(silent)


def mention_services(*, now: datetime) -> None:
    """Tell the timeline which services alerts are about."""
    recent = Alert.objects.filter(received_at__gte=now - _MENTIONED).exclude(service="")
    mention_names(
        "service", recent.order_by().values_list("service", flat=True).distinct(), now=now
    )


def _key(source: str) -> str:
    return f"{PREFIX}{source}"[:255]


def _event(row: SourceCoverage, now: datetime) -> AlertEvent:
    since = format_instant(row.last_seen_at)
    usual = "is expected" if row.every else "is usual at such hours"
    return AlertEvent(
        name="SourceSilent",
        dedup_key=_key(row.source),
        status=FIRING,
        severity="warning",
        summary=f"No change was heard of from {row.source} since {since[:16]}Z"[:1024],
        description=(
            f"{format_duration(now - row.last_seen_at)} is longer than {usual}. Until it is heard "
            "again, changes that it would tell of are missing from the timeline."
        ),
        source=SOURCE,
        service=SOURCE,
        labels={"change_source": row.source},
        links=(Link(settings.PUBLIC_URL + PAGE, "Coverage"),),
    )

"""Alerts about the portal itself, raised and resolved like anybody else's."""

from datetime import datetime

from alerts.models import Alert
from alerts.normalise import FIRING, RESOLVED, AlertEvent
from alerts.receive import receive_alerts

SOURCE = "opsportal"


def report_invariant(
    key: str, name: str, complaint: str, *, severity: str = "high", now: datetime
) -> None:
    """Raise the alert `opsportal:<key>` while there is a complaint, and resolve it when not."""
    dedup_key = f"{SOURCE}:{key}"
    if not complaint and not Alert.objects.filter(dedup_key=dedup_key, resolved_at=None).exists():
        return
    event = AlertEvent(
        name=name,
        dedup_key=dedup_key,
        status=FIRING if complaint else RESOLVED,
        severity=severity,
        summary=complaint[:1024],
        source=SOURCE,
        service=SOURCE,
    )
    receive_alerts([event], now=now)

"""What a certificate's page shows of its alerts: why somebody was told, and deeds."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest

from certs.explain import explain_certificate
from certs.models import Certificate
from opsportal.accounts.permissions import can_respond

TEMPLATE = "certs/alert_state.html"


def alert_state_of(request: HttpRequest, row: Certificate, *, now: datetime) -> dict[str, Any]:
    """Context of the template, which the page includes as `alert_state`.

    Deeds are the gateway's own, posted to it; the row with its team and replacement.
    """
    explained = explain_certificate(row, now=now)
    alerts = [each.alert for each in explained.episodes if each.alert.resolved_at is None]
    return {
        "alert_state": TEMPLATE,
        "explained": explained,
        "told_alerts": alerts,
        "told_next": row.get_absolute_url(),
        "told_may_act": all(can_respond(request.user, alert.team_id) for alert in alerts),
    }

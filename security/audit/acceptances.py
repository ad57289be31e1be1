"""What an acceptance covers, and its end."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from chronos.trail import record_ended_all
from opsportal.accounts.actors import PORTAL, Actor
from security.models import CloudResource, Finding, RiskAcceptance

_BATCH = 500


def acceptance_state(row: RiskAcceptance) -> dict[str, Any]:
    """For the trail."""
    return {
        "finding": row.fingerprint,
        "check": row.check_id,
        "resource": row.resource_id,
        "account": row.account_id,
        "match": row.match,
        "reason": row.reason,
        "ticket": row.ticket,
        "accepted_by": row.accepted_by,
        "approved_by": row.approved_by,
        "expires_at": row.expires_at.isoformat(),
        "max_score": row.max_score,
        "ended_reason": row.ended_reason,
    }


def covered_resources(row: RiskAcceptance) -> QuerySet[CloudResource]:
    """The resources with findings that it may cover."""
    if row.resource_id is not None:
        return CloudResource.objects.filter(pk=row.resource_id)
    findings = Finding.objects.filter(~Q(status=Finding.Status.FIXED), check_id=row.check_id)
    if row.account_id is not None:
        findings = findings.filter(account=row.account_id)
    return CloudResource.objects.filter(pk__in=findings.values("resource_id"))


def end_acceptances(
    rows: Sequence[tuple[RiskAcceptance, str]], *, now: datetime, actor: Actor = PORTAL
) -> None:
    """End each, for its reason, audited and on the timeline. What they covered is not decided anew
    by that."""
    states = [(row, acceptance_state(row)) for row, _ in rows]
    for row, reason in rows:
        row.ended_at, row.ended_reason = now, reason[:200]
    ended = [row for row, _ in rows]
    RiskAcceptance.objects.bulk_update(ended, ["ended_at", "ended_reason"], batch_size=_BATCH)
    record_ended_all(
        [(row, before, acceptance_state(row)) for row, before in states], actor=actor, now=now
    )

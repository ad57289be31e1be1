"""One finding: what is wrong, why it matters, since when, by whom, and what was decided."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from alerts.models import Alert
from opsportal.accounts.pages import portal_page, render_page
from opsportal.accounts.permissions import can_administer
from security.audit.tell import PREFIX
from security.auditors import auditors
from security.cause import Cause, causes_of
from security.collectors import collector_of
from security.findings import RELATED
from security.models import ConfigRevision, Finding, Relation, RiskAcceptance
from security.normalise import Shape
from security.views.readable import Readable, read_config

_MOST = 20


@portal_page
@require_safe
def show_finding(request: HttpRequest, finding_id: int) -> HttpResponse:
    """The page."""
    finding = get_object_or_404(Finding.objects.select_related(*RELATED), pk=finding_id)
    resource = finding.resource
    collector = collector_of(finding.technology)
    auditor = auditors().get(finding.check_id)
    referring = Relation.objects.filter(
        target=resource.resource_id, source__account=finding.account_id
    ).select_related("source")
    context = {
        "title": f"{finding.check_id} {auditor.label if auditor else ''}",
        "finding": finding,
        "auditor": auditor,
        "noun": collector.noun if collector else "resource",
        "evidence": _evidence(finding),
        "history": _history(finding),
        "causes": _causes(finding),
        "acceptances": RiskAcceptance.objects.filter(fingerprint=finding.fingerprint).order_by(
            "-accepted_at"
        )[:_MOST],
        "exposes": list(referring.exclude(source__state="deleted").order_by("pk")[: _MOST + 1]),
        "most": _MOST,
        "alert": Alert.objects.filter(dedup_key=PREFIX + finding.fingerprint)
        .order_by("-pk")
        .first(),
        "may_accept": can_administer(request.user, finding.account.team_id),
    }
    return render_page(request, "security/finding.html", context)


def _evidence(finding: Finding) -> Readable:
    """Each part as the pages of resources show theirs."""
    parts = {f"evidence_{name}": value for name, value in finding.evidence.items()}
    return read_config(parts, Shape(), {})


def _history(finding: Finding) -> list[dict[str, Any]]:
    """The newest first, each with its revision."""
    ids = {step["revision"] for step in finding.history if step.get("revision")}
    revisions = ConfigRevision.objects.only("number", "kind", "actor", "resource_id").in_bulk(ids)
    return [
        {
            **step,
            "at": datetime.fromisoformat(step["at"]),
            "by": revisions.get(step.get("revision") or 0),
        }
        for step in reversed(finding.history)
    ]


def _causes(finding: Finding) -> list[Cause]:
    if finding.introduced_by_id is None:
        return []
    return causes_of([finding.introduced_by_id]).get(finding.introduced_by_id, [])[:_MOST]

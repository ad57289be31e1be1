"""Findings become alerts of the gateway: one for each that fires, by its fingerprint."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F

from alerts.normalise import FIRING, RESOLVED, AlertEvent, Link
from alerts.receive import receive_alerts
from opsportal.lib.deadlocks import start_over
from opsportal.lib.ids import IdIn
from security.auditors import auditors
from security.models import (
    ApiActivity,
    CloudResource,
    ConfigRevision,
    Finding,
    Relation,
    RevisionCause,
)

PREFIX, SOURCE = "security:finding:", "security"
_BATCH = 200
# From this score on.
_SEVERITIES = ((9, "critical"), (7, "high"), (4, "warning"), (0, "low"))
_Touches = Mapping[int, Counter[str]]


def severity_of(score: int) -> str:
    """The gateway's word for a score."""
    return next(name for least, name in _SEVERITIES if score >= least)


def tell_findings(*, now: datetime) -> int:
    """Tell the gateway of whatever it does not know; how many findings.

    Alerts and the note that they were raised are one transaction: nothing is lost or told twice.
    """
    total = 0
    while told := start_over(lambda: _tell_some(now)):
        total += told
    return total


def tell_again(revisions: Sequence[int]) -> None:
    """Have the alerts of what these revisions introduced said anew: their cause became known."""
    rows = Finding.objects.filter(IdIn(revisions, "introduced_by_id"))
    rows.exclude(status__in=[Finding.Status.FIXED, Finding.Status.ACCEPTED]).update(to_tell=True)


def _tell_some(now: datetime) -> int:
    with transaction.atomic():
        rows = Finding.objects.select_for_update(skip_locked=True, of=("self",)).filter(
            to_tell=True
        )
        found = list(
            rows.select_related("resource", "account", "introduced_by").order_by("pk")[:_BATCH]
        )
        if not found:
            return 0
        firing = [row for row in found if row.fires]
        touches, causes = _touches(firing), _causes(firing)
        receive_alerts(
            [
                _firing(row, touches[row.resource_id], causes.get(row.introduced_by_id or 0))
                if row.fires
                else _over(row, now)
                for row in found
            ],
            now=now,
        )
        Finding.objects.filter(IdIn([row.pk for row in found])).update(
            to_tell=False, told_status=F("status"), told_score=F("score")
        )
    return len(found)


def _touches(findings: Sequence[Finding]) -> _Touches:
    """How many resources of which technology refer to each finding's."""
    by_name: dict[tuple[int, str], set[int]] = defaultdict(set)
    for row in findings:
        by_name[row.account_id, row.resource.resource_id].add(row.resource_id)
    found: dict[int, Counter[str]] = defaultdict(Counter)
    if not by_name:
        return found
    relations = Relation.objects.filter(IdIn([name for _, name in by_name], "target")).exclude(
        source__state=CloudResource.State.DELETED
    )
    by = ("source__account", "target", "source__technology")
    counted = relations.values(*by).annotate(n=Count("source", distinct=True))
    for account, target, technology, number in counted.values_list(*by, "n"):
        for pk in by_name.get((account, target), ()):
            found[pk][technology] += number
    return found


def _causes(findings: Sequence[Finding]) -> dict[int, RevisionCause]:
    """Of revisions, the surest that is known; what was only posted after what a queue told."""
    ids = {row.introduced_by_id for row in findings if row.introduced_by_id is not None}
    if not ids:
        return {}
    rows = RevisionCause.objects.filter(IdIn(sorted(ids), "revision_id"))
    sure = list(RevisionCause.Confidence.values)
    ordered = sorted(
        rows.select_related("activity"),
        key=lambda row: (
            -sure.index(row.confidence),
            row.activity.via == ApiActivity.Via.QUEUE,
            row.pk,
        ),
    )
    return {row.revision_id: row for row in ordered}


def _firing(row: Finding, touches: Counter[str], cause: RevisionCause | None) -> AlertEvent:
    auditor = auditors().get(row.check_id)
    resource, account, revision = row.resource, row.account, row.introduced_by
    name = resource.name or resource.resource_id
    by = f", by {revision.actor}" if revision is not None and revision.actor else ""
    return AlertEvent(
        name=auditor.label if auditor else row.check_id,
        dedup_key=PREFIX + row.fingerprint,
        status=FIRING,
        severity=severity_of(row.score),
        summary=f"{name} in {account.name}: {row.summary}{by}"[:1024],
        description=_description(row, touches, cause),
        source=SOURCE,
        resource=resource.resource_id[:300],
        region=row.region,
        labels={
            "account": account.account_id,
            "account_name": account.name,
            "region": row.region,
            "technology": row.technology,
            "resource": resource.resource_id[:300],
            "resource_name": name[:300],
            "check": row.check_id,
            "score": str(row.score),
            "class": revision.change_class if revision else ConfigRevision.ChangeClass.SECURITY,
            **({"actor": revision.actor} if revision and revision.actor else {}),
        },
        links=tuple(_links(row)),
        starts_at=row.opened_at,
        team_id=account.team_id,
    )


def _links(row: Finding) -> list[Link]:
    links = [
        Link(settings.PUBLIC_URL + row.get_absolute_url(), "Finding"),
        Link(settings.PUBLIC_URL + row.resource.get_absolute_url(), "Resource"),
    ]
    if row.introduced_by is not None:
        page = settings.PUBLIC_URL + row.introduced_by.get_absolute_url()
        links.append(Link(page, "Change that introduced it"))
    return links


def _description(row: Finding, touches: Counter[str], cause: RevisionCause | None) -> str:
    auditor, revision = auditors().get(row.check_id), row.introduced_by
    parts = [f"{row.check_id}, score {row.score}: {row.summary}."]
    if row.undecided:
        parts.append(f"It cannot be told now whether that is still so: {row.undecided}.")
    if touches:
        count = ", ".join(
            f"{number} {technology}" for technology, number in sorted(touches.items())
        )
        parts.append(f"Exposed by it: {count}.")
    if revision is not None:
        said = f": {revision.summary}" if revision.summary else ""
        parts.append(f"Since revision {revision.number} ({revision.kind}){said}.")
    if cause is not None:
        parts.append(_who(cause))
    if auditor:
        parts += [text for text in (auditor.risk, auditor.remedy) if text]
    return "\n".join(parts)[:4000]


def _who(cause: RevisionCause) -> str:
    activity = cause.activity
    said = [f"{activity.service} {activity.action} by {activity.actor or 'AWS'}"]
    if activity.source_address:
        said.append(f"from {activity.source_address}")
    if activity.user_agent:
        said.append(f"with {activity.user_agent[:100]}")
    if activity.mfa is not None:
        said.append("with MFA" if activity.mfa else "without MFA")
    return f"Done by {', '.join(said)} ({cause.confidence})."


def _over(row: Finding, now: datetime) -> AlertEvent:
    return AlertEvent(
        name=row.check_id,
        dedup_key=PREFIX + row.fingerprint,
        status=RESOLVED,
        source=SOURCE,
        ends_at=now,
    )

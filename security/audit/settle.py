"""Findings follow from verdicts: opened, kept, worsened, fixed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from security.auditors import Auditor, Issue, Undecided, Verdict
from security.models import CloudResource, Finding

Status = Finding.Status
Verdicts = Mapping[int, Sequence[tuple[type[Auditor], Verdict]]]


def fingerprint_of(resource: CloudResource, check_id: str, subject: str) -> str:
    """What a finding is recognised by."""
    parts = (
        str(resource.account_id), resource.technology, resource.region, resource.resource_id,
        check_id, subject,
    )  # fmt: skip
    return sha256("\0".join(parts).encode()).hexdigest()


def settle_findings(
    resources: Sequence[CloudResource], verdicts: Verdicts, *, now: datetime
) -> None:
    """Store what the checks said of these, and the resources' scores (saved by the caller)."""
    known = {row.fingerprint: row for row in Finding.objects.filter(resource__in=resources)}
    new: list[Finding] = []
    changed: dict[int, Finding] = {}
    for resource in resources:
        current = set()
        for auditor, verdict in verdicts[resource.pk]:
            if not isinstance(verdict, (Issue, Undecided)):
                continue
            key = fingerprint_of(resource, auditor.slug, verdict.subject)
            current.add(key)
            row = known.get(key)
            status = Status.UNKNOWN if isinstance(verdict, Undecided) else Status.OPEN
            if row is None:
                row = _new(resource, auditor, verdict, key, status, now)
                known[key] = row
                new.append(row)
            elif row.status != status:
                row.status, row.opened_at, row.seen_at = status, now, now
                changed[row.pk] = row
        mine = [row for row in known.values() if row.resource_id == resource.pk]
        for row in mine:
            if row.fingerprint not in current and row.status != Status.FIXED:
                row.status, row.fixed_at = Status.FIXED, now
                gone = resource.state == CloudResource.State.DELETED
                row.fixed_reason = "deleted" if gone else "fixed"
                changed[row.pk] = row
        scores = [row.score for row in mine if row.status == Status.OPEN]
        resource.score = resource.full_score = max(scores, default=0)
    Finding.objects.bulk_create(new, batch_size=500)
    Finding.objects.bulk_update(
        changed.values(),
        ["status", "opened_at", "seen_at", "fixed_at", "fixed_reason"],
        batch_size=500,
    )


def _new(
    resource: CloudResource,
    auditor: type[Auditor],
    verdict: Issue | Undecided,
    fingerprint: str,
    status: str,
    now: datetime,
) -> Finding:
    score = verdict.score if isinstance(verdict, Issue) else None
    return Finding(
        resource=resource,
        check_id=auditor.slug,
        subject=verdict.subject[:1000],
        fingerprint=fingerprint,
        status=status,
        score=auditor.score if score is None else score,
        summary=(verdict.summary if isinstance(verdict, Issue) else verdict.reason)[:1000],
        evidence=dict(verdict.evidence) if isinstance(verdict, Issue) else {},
        first_seen_at=now,
        opened_at=now,
        seen_at=now,
        check_version=auditor.version,
        account_id=resource.account_id,
        region=resource.region,
        technology=resource.technology,
    )

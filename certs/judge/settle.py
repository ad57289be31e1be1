"""Findings follow from verdicts: opened, changed, closed."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from operator import attrgetter

from certs.judge.verdict import Subject, Verdict, fingerprint_of
from certs.models import Certificate, Crossing, Endpoint, Finding
from opsportal.lib.ids import IdIn
from opsportal.lib.insert import insert_rows
from opsportal.lib.rows import read_rows
from opsportal.lib.update import update_columns, update_values

_BATCH = 500
_STORED = (
    "severity", "summary", "facts", "threshold", "certificate_id", "judged_at",
    "closed_at", "closed_reason", "to_tell",
)  # fmt: skip
_READ = (
    "id", "fingerprint", "severity", "summary", "facts", "threshold", "certificate_id",
    "endpoint_id", "source_id", "closed_reason", "to_tell", "told_severity",
)  # fmt: skip
_stored = attrgetter(*_STORED)


def settle_findings(
    verdicts: Mapping[Subject, Sequence[Verdict]],
    kinds: Collection[str],
    *,
    now: datetime,
    reasons: Mapping[int, str] | None = None,
) -> bool:
    """Store what was said of subjects of one model; open findings of these kinds that nobody
    repeats are closed, with the subject's reason. In the caller's transaction.

    Whether the gateway is to be told of something.
    """
    subjects = list(verdicts)
    if not subjects:
        return False
    field = _field(subjects[0])
    opened = _open_findings(subjects, field, kinds)
    new: list[Finding] = []
    changed: list[Finding] = []
    # As severe as they are from now on.
    turned: list[Finding] = []
    crossed: list[tuple[Finding, Verdict]] = []
    for subject, said in verdicts.items():
        known = opened[subject.pk]
        for verdict in said:
            fingerprint = fingerprint_of(subject, verdict.kind, verdict.key)
            if fingerprint in known:
                row = known.pop(fingerprint)
                if _differs(row, verdict):
                    if row.severity != verdict.severity:
                        turned.append(row)
                    _follow(row, verdict, now)
                    changed.append(row)
            else:
                row = _opened(subject, field, fingerprint, verdict, now)
                new.append(row)
            if verdict.crossed:
                crossed.append((row, verdict))
        reason = (reasons or {}).get(subject.pk, "fixed")
        changed += [_closed(row, reason, now) for row in known.values()]
    insert_rows(new)
    update_columns(Finding, _STORED, {row.pk: _stored(row) for row in changed})
    update_values(Finding, "severity_at", {row.pk: now for row in turned})
    _store_crossings(crossed, now)
    return any(row.to_tell for row in (*new, *changed))


def _open_findings(
    subjects: Sequence[Subject], field: str, kinds: Collection[str]
) -> dict[int, dict[str, Finding]]:
    """What is open of each subject, by fingerprint."""
    opened: dict[int, dict[str, Finding]] = {row.pk: {} for row in subjects}
    rows = Finding.objects.filter(
        IdIn([row.pk for row in subjects], field), closed_at=None, kind__in=list(kinds)
    )
    for row in read_rows(rows.order_by(), _READ):
        row.closed_at = None
        # A finding of an endpoint names a certificate too, but is not the certificate's.
        if field != "certificate_id" or row.endpoint_id is None:
            opened[getattr(row, field)][row.fingerprint] = row
    return opened


def _store_crossings(crossed: Sequence[tuple[Finding, Verdict]], now: datetime) -> None:
    """Each threshold once, whenever it is noticed again."""
    Crossing.objects.bulk_create(
        [
            Crossing(
                finding=row, threshold=each.threshold, severity=each.severity, due_at=each.due_at,
                policy=each.policy[:100], noticed_at=now,
            )
            for row, verdict in crossed
            for each in verdict.crossed
        ],
        batch_size=_BATCH, ignore_conflicts=True,
    )  # fmt: skip


def _field(subject: Subject) -> str:
    if isinstance(subject, Certificate):
        return "certificate_id"
    return "endpoint_id" if isinstance(subject, Endpoint) else "source_id"


def _opened(
    subject: Subject, field: str, fingerprint: str, verdict: Verdict, now: datetime
) -> Finding:
    row = Finding(
        kind=verdict.kind, fingerprint=fingerprint, opened_at=now, severity_at=now, judged_at=now,
        certificate_id=verdict.certificate_id, to_tell=bool(verdict.severity),
    )  # fmt: skip
    setattr(row, field, subject.pk)
    _copy(row, verdict)
    return row


def _closed(row: Finding, reason: str, now: datetime) -> Finding:
    row.closed_at, row.judged_at, row.closed_reason = now, now, reason
    row.to_tell = bool(row.told_severity)
    return row


def _copy(row: Finding, verdict: Verdict) -> None:
    row.severity, row.summary = verdict.severity, verdict.summary[:1000]
    row.facts, row.threshold = dict(verdict.facts), verdict.threshold
    if row.endpoint_id is not None:
        row.certificate_id = verdict.certificate_id


def _differs(row: Finding, verdict: Verdict) -> bool:
    certificate = row.endpoint_id is not None and row.certificate_id != verdict.certificate_id
    return (
        row.severity != verdict.severity
        or row.summary != verdict.summary[:1000]
        or row.facts != dict(verdict.facts)
        or row.threshold != verdict.threshold
        or certificate
    )


def _follow(row: Finding, verdict: Verdict, now: datetime) -> None:
    _copy(row, verdict)
    row.judged_at = now
    row.to_tell = row.to_tell or bool(verdict.severity or row.told_severity)

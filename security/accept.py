"""Accept a risk for a time, approve that, end it; and what its time alone brings about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from alerts.normalise import FIRING, RESOLVED, AlertEvent, Link
from alerts.receive import receive_alerts
from chronos.trail import check_columns, record_created_all, record_saved
from opsportal.accounts.actors import PORTAL, Actor
from opsportal.lib.errors import ConflictError, FieldError, PayloadError
from opsportal.lib.ids import IdIn
from opsportal.lib.matchers import MatcherError, parse_matchers
from security.audit import audit_resources, set_due
from security.audit.acceptances import acceptance_state, covered_resources, end_acceptances
from security.auditors import auditors
from security.models import CloudResource, Finding, RiskAcceptance
from security.models.finding import APPROVED_FROM

LONGEST = timedelta(days=365)
# So long before its end its owner is alerted.
SOON = timedelta(days=14)
MOST_AT_ONCE = 500
PREFIX, PAGE = "security:acceptance:", "/security/acceptances/"
_BATCH = 100


@dataclass(frozen=True, slots=True)
class Terms:
    """For what reason, and how far. Without a score: as high as it is now."""

    reason: str
    expires_at: datetime
    ticket: str = ""
    max_score: int | None = None


def accept_findings(
    findings: Sequence[Finding], terms: Terms, *, actor: Actor, now: datetime
) -> list[RiskAcceptance]:
    """Accept each of these, no more; loaded with account and team. Raises PayloadError."""
    if not 0 < len(findings) <= MOST_AT_ONCE:
        raise PayloadError(f"Name 1 to {MOST_AT_ONCE} findings.")
    rows = []
    for finding in findings:
        score = finding.score if terms.max_score is None else terms.max_score
        if finding.status == Finding.Status.FIXED:
            raise ConflictError(f"Finding {finding.pk} is fixed: there is nothing to accept.")
        if score < finding.score:
            raise _wrong("max_score", f"finding {finding.pk} scores {finding.score} already")
        row = RiskAcceptance(
            fingerprint=finding.fingerprint, check_id=finding.check_id,
            resource_id=finding.resource_id, account_id=finding.account_id,
            team=finding.account.team, reason=terms.reason, ticket=terms.ticket,
            expires_at=terms.expires_at, max_score=score,
        )  # fmt: skip
        rows.append(row)
    _check(rows, actor, now)
    _store(rows, actor=actor, now=now)
    return rows


def accept_risk(row: RiskAcceptance, *, actor: Actor, now: datetime) -> None:
    """Accept what a new row says: a check on a resource, in an account, by tags.

    Raises PayloadError.
    """
    check_acceptance(row, actor=actor, now=now)
    _store([row], actor=actor, now=now)


def check_acceptance(row: RiskAcceptance, *, actor: Actor, now: datetime) -> None:
    """What accepting it would refuse; and whose it is. Raises PayloadError."""
    if row.resource is not None:
        row.account = row.resource.account
    if row.account is not None:
        row.team = row.account.team
    if row.check_id not in auditors():
        raise _wrong("check_id", "there is no such check")
    if row.resource is None and row.account is None and not row.match:
        raise _wrong("account", "name a resource, an account or tags: nobody accepts it everywhere")
    if row.match:
        try:
            parse_matchers(row.match)
        except MatcherError as error:
            raise _wrong("match", error.message) from error
    _check([row], actor, now)


def approve_acceptance(row: RiskAcceptance, *, actor: Actor, now: datetime) -> None:
    """The second person's word. Raises ConflictError."""
    with transaction.atomic():
        row = RiskAcceptance.objects.select_for_update().get(pk=row.pk)
        if row.ended_at is not None or row.expires_at <= now:
            raise ConflictError("This acceptance is over.")
        if not row.is_waiting:
            raise ConflictError("This acceptance waits for nobody's word.")
        if actor.user_id is None:
            raise ConflictError("Only a person approves: sign in.")
        if actor.name == row.accepted_by:
            raise ConflictError("Somebody else than who accepted it must approve it.")
        before = acceptance_state(row)
        row.approved_by = actor.name[:200]
        row.save(update_fields=["approved_by"])
        record_saved(row, before, acceptance_state(row), actor=actor, now=now)
        _take_effect([row], now)
    _decide_anew([row], now)


def end_acceptance(
    row: RiskAcceptance, *, actor: Actor, now: datetime, reason: str = "ended"
) -> None:
    """Before its time. Raises ConflictError when it is over already."""
    with transaction.atomic():
        row = RiskAcceptance.objects.select_for_update().get(pk=row.pk)
        if row.ended_at is not None:
            raise ConflictError("This acceptance is over already.")
        end_acceptances([(row, reason or "ended")], actor=actor, now=now)
        set_due(covered_resources(row), now=now)
    _decide_anew([row], now)


def watch_acceptances(*, now: datetime) -> int:
    """End those whose time is over, and alert on those that end soon; how many ended."""
    with transaction.atomic():
        rows = RiskAcceptance.objects.select_for_update(skip_locked=True)
        over = list(rows.filter(ended_at=None, expires_at__lte=now).order_by("pk")[:_BATCH])
        if over:
            end_acceptances([(row, "expired") for row in over], now=now)
            for row in over:
                set_due(covered_resources(row), now=now)
        soon = rows.filter(ended_at=None, expires_at__lte=now + SOON, told_ending=False)
        ended = rows.filter(ended_at__isnull=False, told_ending=True)
        _tell(list(soon.order_by("pk")[:_BATCH]), list(ended.order_by("pk")[:_BATCH]), now)
    return len(over)


def _wrong(field: str, message: str) -> PayloadError:
    return PayloadError(f"{field}: {message}", [FieldError(field, message)])


def _check(rows: Sequence[RiskAcceptance], actor: Actor, now: datetime) -> None:
    """What holds for all of them; they differ in what they cover and how high."""
    for row in rows:
        row.accepted_by, row.accepted_at = actor.name[:200], now
        row.reason, row.ticket = row.reason.strip(), row.ticket.strip()
    row = max(rows, key=lambda found: found.max_score)
    if not row.reason:
        raise _wrong("reason", "say why it is acceptable")
    for field in ("reason", "ticket", "match"):
        if "\0" in getattr(row, field):
            raise _wrong(field, "may not contain NUL")
    if not now < row.expires_at <= now + LONGEST:
        raise _wrong("expires_at", f"must lie within the next {LONGEST.days} days")
    if row.is_waiting and actor.user_id is None:
        raise _wrong("max_score", f"risks from {APPROVED_FROM} on are accepted by people, not keys")
    check_columns(row, exclude=["resource", "account", "team"])


def _store(rows: list[RiskAcceptance], *, actor: Actor, now: datetime) -> None:
    with transaction.atomic():
        RiskAcceptance.objects.bulk_create(rows)
        record_created_all([(row, acceptance_state(row)) for row in rows], actor=actor, now=now)
        _take_effect([row for row in rows if not row.is_waiting], now)
    _decide_anew(rows, now)


def _take_effect(rows: Sequence[RiskAcceptance], now: datetime) -> None:
    """In place of what accepted the same so far."""
    resources = [row.resource_id for row in rows if row.resource_id is not None]
    wide = [row for row in rows if row.resource_id is None]
    same = RiskAcceptance.objects.filter(IdIn(resources, "resource_id"))
    if wide:
        same = same | RiskAcceptance.objects.filter(
            resource=None, check_id__in={row.check_id for row in wide}
        )
    mine = {_scope(row) for row in rows}
    older = same.filter(ended_at=None).exclude(IdIn([row.pk for row in rows]))
    replaced = [row for row in older if _scope(row) in mine and not row.is_waiting]
    if replaced:
        end_acceptances([(row, "replaced") for row in replaced], now=now)
    set_due(CloudResource.objects.filter(IdIn(resources)), now=now)
    for row in wide:
        set_due(covered_resources(row), now=now)


def _scope(row: RiskAcceptance) -> tuple[object, ...]:
    return row.fingerprint, row.check_id, row.resource_id, row.account_id, row.match


def _decide_anew(rows: Sequence[RiskAcceptance], now: datetime) -> None:
    """At once as far as it is quick; the next sweep does the rest."""
    ids = {row.resource_id for row in rows if row.resource_id is not None}
    for row in rows:
        if row.resource_id is None:
            ids |= set(covered_resources(row).values_list("pk", flat=True)[:MOST_AT_ONCE])
    audit_resources(sorted(ids)[:MOST_AT_ONCE], now=now)


def _tell(soon: Sequence[RiskAcceptance], ended: Sequence[RiskAcceptance], now: datetime) -> None:
    events = [*(_ending(row) for row in soon), *(_ended(row, now) for row in ended)]
    if not events:
        return
    receive_alerts(events, now=now)
    RiskAcceptance.objects.filter(IdIn([row.pk for row in soon])).update(told_ending=True)
    RiskAcceptance.objects.filter(IdIn([row.pk for row in ended])).update(told_ending=False)


def _ending(row: RiskAcceptance) -> AlertEvent:
    return AlertEvent(
        name="Acceptance of a risk ends",
        dedup_key=f"{PREFIX}{row.pk}",
        status=FIRING,
        severity="low",
        summary=f"The acceptance of {row.check_id} by {row.accepted_by} ends on "
        f"{row.expires_at:%Y-%m-%d}: {row.reason}"[:1024],
        description="Mend what it covers, or accept it anew; otherwise its findings open again.",
        source=PORTAL.name,
        labels={
            "check": row.check_id,
            "accepted_by": row.accepted_by,
            "ticket": row.ticket,
        },
        links=(Link(settings.PUBLIC_URL + PAGE, "Acceptances"),),
        team_id=row.team_id,
    )


def _ended(row: RiskAcceptance, now: datetime) -> AlertEvent:
    key = f"{PREFIX}{row.pk}"
    name = "Acceptance of a risk ends"
    return AlertEvent(name=name, dedup_key=key, status=RESOLVED, ends_at=now, source=PORTAL.name)

"""Ask the checks about what changed, and store what they say."""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F

from opsportal.lib.ids import IdIn
from security.audit.basis import notice_basis
from security.audit.judge import judge
from security.audit.passes import count_passes
from security.audit.settle import settle_findings
from security.audit.tell import tell_findings
from security.audit.world import LoadedWorld
from security.auditors import Later, Verdict
from security.models import CloudAccount, CloudResource

log = logging.getLogger(__name__)

_BATCH = 1000
# What cannot be audited is tried again so much later.
_PUT_OFF = timedelta(hours=1)
_Place = tuple[int, str]


def audit_due(*, now: datetime) -> int:
    """Audit whatever is due: what a killed worker left, what time alone changes, and what people
    decided otherwise. How many."""
    notice_basis(now=now)
    due = CloudResource.objects.filter(audit_at__lte=now).order_by("audit_at", "pk")
    total, left = 0, due
    while rows := list(left.values_list("audit_at", "pk")[:_BATCH]):
        _audit_apart(sorted(pk for _, pk in rows), now)
        total += len(rows)
        at, last = rows[-1]
        # What somebody else holds stays due, and is left to the next sweep.
        left = due.filter(audit_at__gte=at).exclude(audit_at=at, pk__lte=last)
    return total


def _audit_apart(ids: Sequence[int], now: datetime) -> None:
    """Audit these; what fails is put off by itself, and keeps no other from being audited."""
    try:
        audit_resources(ids, now=now)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        if len(ids) > 1:
            _audit_apart(ids[: len(ids) // 2], now)
            _audit_apart(ids[len(ids) // 2 :], now)
            return
        log.exception("resource not audited", extra={"resource": ids[0]})
        failed = CloudResource.objects.filter(IdIn(ids), audit_at__lte=now)
        failed.update(audit_at=now + _PUT_OFF)


def audit_resources(ids: Sequence[int], *, now: datetime) -> None:
    """Audit these, a batch of one account and region at a time, and tell the gateway."""
    touched: set[tuple[int, str, str]] = set()
    to_tell = False
    for start in range(0, len(ids), _BATCH):
        rows = CloudResource.objects.select_related("account")
        batches: dict[_Place, list[CloudResource]] = defaultdict(list)
        for row in rows.filter(IdIn(ids[start : start + _BATCH])).order_by("pk"):
            batches[row.account_id, row.region].append(row)
        for resources in batches.values():
            to_tell |= _audit_batch(resources[0].account, resources, now)
            touched |= {(row.account_id, row.region, row.technology) for row in resources}
    if touched:
        count_passes(touched)
    if to_tell:
        tell_findings(now=now)


def _audit_batch(account: CloudAccount, resources: Sequence[CloudResource], now: datetime) -> bool:
    """Whether the gateway is to be told of something."""
    world = LoadedWorld(account, resources[0].region, [row.resource_id for row in resources], now)
    verdicts = {row.pk: list(judge(row, world)) for row in resources}
    with transaction.atomic():
        same = _unchanged(resources)
        if not same:
            return False
        scores = {row.pk: (row.score, row.full_score) for row in same}
        to_tell = settle_findings(same, verdicts, now=now)
        for row in same:
            row.audit_at = _next(verdict for _, verdict in verdicts[row.pk])
        # What most have in common costs one statement, however many they are.
        ((usual, _),) = Counter(row.audit_at for row in same).most_common(1)
        CloudResource.objects.filter(IdIn([row.pk for row in same])).update(
            audit_at=usual, audited_at=now, audited_number=F("revision_count")
        )
        differ = [
            row
            for row in same
            if row.audit_at != usual or scores[row.pk] != (row.score, row.full_score)
        ]
        CloudResource.objects.bulk_update(
            differ, ["audit_at", "score", "full_score"], batch_size=_BATCH
        )
    return to_tell


def _unchanged(resources: Sequence[CloudResource]) -> list[CloudResource]:
    """Those that are still as they were judged, locked.

    Whatever somebody else holds or has changed since stays due, and is judged by them or by the
    next sweep: so audits never wait for each other.
    """
    locked = CloudResource.objects.select_for_update(skip_locked=True)
    rows = locked.filter(IdIn([row.pk for row in resources])).order_by("pk")
    names = ("pk", "complete_hash", "revision_count", "state", "audit_at", "unknown")
    now = {row[0]: row for row in rows.values_list(*names)}
    return [row for row in resources if now.get(row.pk) == tuple(getattr(row, n) for n in names)]


def _next(verdicts: Iterable[Verdict]) -> datetime | None:
    return min((found.at for found in verdicts if isinstance(found, Later)), default=None)

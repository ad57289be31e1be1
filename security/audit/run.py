"""Ask the checks about what changed, and store what they say."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from opsportal.lib.ids import IdIn
from security.audit.settle import settle_findings
from security.audit.world import LoadedWorld
from security.auditors import Auditor, Item, Later, Undecided, Verdict, World, auditors_of
from security.models import CloudAccount, CloudResource

_BATCH = 500


def audit_due(*, now: datetime) -> int:
    """Audit whatever is due: what a killed worker left, and what time alone changes."""
    total = 0
    due = CloudResource.objects.filter(audit_at__lte=now).order_by("audit_at")
    while ids := list(due.values_list("pk", flat=True)[:_BATCH]):
        audit_resources(ids, now=now)
        total += len(ids)
    return total


def audit_resources(ids: Sequence[int], *, now: datetime) -> None:
    """Audit these, a batch of one account and region at a time."""
    for start in range(0, len(ids), _BATCH):
        rows = CloudResource.objects.select_related("account")
        batches: dict[tuple[int, str], list[CloudResource]] = defaultdict(list)
        for row in rows.filter(IdIn(ids[start : start + _BATCH])).order_by("pk"):
            batches[row.account_id, row.region].append(row)
        for resources in batches.values():
            _audit_batch(resources[0].account, resources, now)


def _audit_batch(account: CloudAccount, resources: Sequence[CloudResource], now: datetime) -> None:
    world = LoadedWorld(account, resources[0].region, [row.resource_id for row in resources], now)
    verdicts = {row.pk: list(judge(row, world)) for row in resources}
    with transaction.atomic():
        settle_findings(resources, verdicts, now=now)
        for row in resources:
            row.audit_at = _next(verdict for _, verdict in verdicts[row.pk])
        CloudResource.objects.bulk_update(resources, ["audit_at", "score", "full_score"])


def judge(row: CloudResource, world: World) -> Iterable[tuple[type[Auditor], Verdict]]:
    """Every check's verdicts; nothing of what is deleted."""
    if row.state == CloudResource.State.DELETED:
        return
    item = item_of(row, world.account_id)
    for auditor in auditors_of(row.technology):
        if missing := [facet for facet in auditor.reads if facet in row.unknown]:
            code = row.unknown[missing[0]]["code"]
            yield auditor, Undecided(f"{missing[0]} could not be read: {code}")
            continue
        for verdict in auditor.audit(item, world):
            yield auditor, verdict


def item_of(row: CloudResource, account_id: str) -> Item:
    """The resource as checks see it."""
    return Item(
        row.pk, account_id, row.region, row.technology, row.resource_id, row.arn, row.name,
        row.config, row.unknown, row.tags, row.first_seen_at,
    )  # fmt: skip


def _next(verdicts: Iterable[Verdict]) -> datetime | None:
    return min((found.at for found in verdicts if isinstance(found, Later)), default=None)

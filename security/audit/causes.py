"""Which revision a finding came with: the resource's own, or of what it has to do with."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property

from django.db.models import F

from opsportal.lib.ids import IdIn
from security.auditors import auditors_of
from security.models import CloudResource, ConfigRevision, Relation


class Causes:
    """The causes of what a batch's checks say now and did not say before."""

    def __init__(self, resources: Sequence[CloudResource]) -> None:
        self._resources = resources

    def of(self, resource: CloudResource) -> ConfigRevision | None:
        """The newest revision since the last audit; None: time, a check or a person brought it."""
        return self.own.get(resource.pk) or self._related.get(resource.pk)

    @cached_property
    def own(self) -> dict[int, ConfigRevision]:
        """The newest of each that was not audited since."""
        ids = [row.pk for row in self._resources if row.revision_count > row.audited_number]
        if not ids:
            return {}
        rows = ConfigRevision.objects.filter(
            IdIn(ids, "resource_id"), number=F("resource__revision_count")
        )
        return {row.resource_id: row for row in rows.only("resource_id", "score_change", "number")}

    @cached_property
    def _related(self) -> dict[int, ConfigRevision]:
        rows = {
            row.pk: row
            for row in self._resources
            if row.audited_at and row.pk not in self.own and _follows(row.technology)
        }
        if not rows:
            return {}
        near: dict[str, set[int]] = defaultdict(set)
        relations = Relation.objects.filter(IdIn(rows, "source_id"))
        for source, target in relations.values_list("source_id", "target"):
            near[target].add(source)
        by_name = {row.resource_id: pk for pk, row in rows.items()}
        account = next(iter(rows.values())).account_id
        backwards = Relation.objects.filter(
            IdIn(by_name, "target"), source__account=account
        ).values_list("source__resource_id", "target")
        for source_id, target in backwards:
            near[source_id].add(by_name[target])
        return _newest(rows, near, account)


def _newest(
    rows: dict[int, CloudResource], near: dict[str, set[int]], account: int
) -> dict[int, ConfigRevision]:
    since = min(row.audited_at for row in rows.values() if row.audited_at)
    revisions = ConfigRevision.objects.filter(
        IdIn(near, "resource__resource_id"), account=account, captured_at__gt=since
    ).values_list("pk", "captured_at", "technology", "resource__resource_id")
    found: dict[int, tuple[datetime, int]] = {}
    for pk, captured_at, technology, resource_id in revisions:
        for mine in near[resource_id]:
            row = rows[mine]
            if technology in _follows(row.technology) and captured_at > (row.audited_at or since):
                found[mine] = max(found.get(mine, (captured_at, pk)), (captured_at, pk))
    loaded = ConfigRevision.objects.only("resource_id").in_bulk({pk for _, pk in found.values()})
    return {mine: loaded[pk] for mine, (_, pk) in found.items()}


def _follows(technology: str) -> set[str]:
    return {found for auditor in auditors_of(technology) for found in auditor.follows}

"""CloudTrail says that something was deleted."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F

from security.collect.known import lock_resources, resources_of
from security.collect.store import Writer
from security.collectors import collector_of
from security.models import CloudResource, ConfigRevision, Scope


def confirm_deleted(
    scope: Scope, resource_ids: Sequence[str], *, at: datetime, now: datetime
) -> set[str]:
    """Take it as the proof for those that a listing already missed; their ids.

    An event alone deletes nothing: it may be late, or forged. What was seen since `at`, or is not
    missing, is to be asked about.
    """
    collector = collector_of(scope.technology)
    if collector is None:
        return set()
    with transaction.atomic():
        rows_of_scope = Scope.objects.select_related("account").select_for_update(of=("self",))
        scope = rows_of_scope.get(pk=scope.pk)
        missing = resources_of(scope, collector).filter(
            resource_id__in=list(resource_ids),
            state=CloudResource.State.MISSING,
            captured_at__lte=at,
        )
        rows = lock_resources(list(missing.values_list("pk", flat=True)))
        if not rows:
            return set()
        writer = Writer(scope, collector, source=ConfigRevision.Source.EVENT, now=now)
        for row in rows.values():
            writer.delete(row, at)
        Scope.objects.filter(pk=scope.pk).update(generation=F("generation") + 1)
        writer.store()
    return {row.resource_id for row in rows.values()}

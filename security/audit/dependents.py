"""What is to be audited anew because something else changed."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from opsportal.lib.ids import IdIn
from security.auditors import auditors
from security.models import CloudAccount, CloudResource, Relation

_BATCH = 1000


def mark_dependents(
    account: CloudAccount,
    technology: str,
    changed: Sequence[CloudResource],
    *,
    now: datetime,
    whole: bool = False,
) -> None:
    """Set due what has to do with these and has checks that follow their technology.

    Also what refers to them by way of another technology that such checks follow: users have their
    groups' policies. Within the transaction of the change, before and after relations are written
    anew. What is of the account as a whole (its resource id is the account's) has to do with all
    of it; so has a first complete listing (`whole`).
    """
    checks = [auditor for auditor in auditors().values() if technology in auditor.follows]
    if not checks or not (changed or whole):
        return
    every = CloudResource.objects.filter(account=account)
    rows = every.filter(technology__in={one for check in checks for one in check.technologies})
    if not whole and all(row.resource_id != account.account_id for row in changed):
        names = [row.resource_id for row in changed]
        referring = Relation.objects.filter(IdIn(names, "target"), source__account=account)
        referred = Relation.objects.filter(IdIn([row.pk for row in changed], "source_id"))
        related = Q(pk__in=referring.values("source_id"))
        related |= Q(resource_id__in=referred.values("target"))
        if ways := {one for check in checks for one in check.follows} - {technology}:
            between = every.filter(technology__in=ways, pk__in=referring.values("source_id"))
            further = Relation.objects.filter(
                target__in=between.values("resource_id"), source__account=account
            )
            related |= Q(pk__in=further.values("source_id"))
        rows = rows.filter(related)
    set_due(rows.exclude(IdIn([row.pk for row in changed])), now=now)


def set_due(resources: QuerySet[CloudResource], *, now: datetime) -> int:
    """Have these audited at the next sweep; how many. Locked in the order of their ids."""
    total, last = 0, 0
    rows = resources.exclude(state=CloudResource.State.DELETED, audit_at=None)
    while True:
        with transaction.atomic():
            some = rows.filter(pk__gt=last).order_by("pk").select_for_update(of=("self",))
            if not (ids := list(some.values_list("pk", flat=True)[:_BATCH])):
                return total
            CloudResource.objects.filter(IdIn(ids)).update(audit_at=now)
        total, last = total + len(ids), ids[-1]

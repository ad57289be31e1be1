"""How accounts stand, in a few figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q

from security.models import CloudAccount, CloudResource, Outcome, Scope

_GOOD = ("", Outcome.COMPLETE)


@dataclass(frozen=True, slots=True)
class Standing:
    """Of one account."""

    scopes: int = 0
    # Whose last collection was not complete, and which never had a complete one.
    failing: int = 0
    waiting: int = 0
    # The oldest of the last complete ones.
    oldest_at: datetime | None = None
    resources: int = 0


def standings_of(accounts: Sequence[CloudAccount]) -> dict[int, Standing]:
    """By account, in two queries."""
    keys = [account.pk for account in accounts]
    scopes = Scope.objects.filter(account__in=keys, enabled=True).order_by().values("account_id")
    figures = {
        row["account_id"]: row
        for row in scopes.annotate(
            scopes=Count("pk"),
            failing=Count("pk", filter=~Q(outcome__in=_GOOD)),
            waiting=Count("pk", filter=Q(complete_at=None, outcome="")),
            oldest=Min("complete_at"),
        )
    }
    resources = CloudResource.objects.filter(account__in=keys).exclude(
        state=CloudResource.State.DELETED
    )
    numbers = dict(
        resources.order_by().values("account_id").annotate(n=Count("pk")).values_list(
            "account_id", "n"
        )
    )  # fmt: skip
    return {
        key: Standing(
            found["scopes"], found["failing"], found["waiting"], found["oldest"],
            numbers.get(key, 0),
        )
        if (found := figures.get(key))
        else Standing(resources=numbers.get(key, 0))
        for key in keys
    }  # fmt: skip

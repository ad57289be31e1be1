"""Durable changes are told to the timeline."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings

from chronos.normalise import Change
from chronos.record import record_changes
from security.collectors import Collector
from security.models import CloudAccount, ConfigRevision
from security.normalise import encode

# Bytes of differences that the timeline keeps of one; the revision has all of them.
_MOST = 20_000


def announce(
    revisions: Sequence[ConfigRevision],
    account: CloudAccount,
    collector: type[Collector],
    *,
    now: datetime,
) -> None:
    """A change of the timeline for each; not yet stored revisions get its id."""
    changes = [_change(row, account, collector) for row in revisions]
    receipts = record_changes(changes, now=now)
    for revision, receipt in zip(revisions, receipts, strict=True):
        revision.event_id = receipt.event_id


def _change(revision: ConfigRevision, account: CloudAccount, collector: type[Collector]) -> Change:
    resource = revision.resource
    name = resource.name or resource.resource_id
    about = f": {revision.summary}" if revision.summary else ""
    return Change(
        kind="security",
        action=revision.kind,
        title=f"{collector.noun} {name} {revision.kind}{about}"[:500],
        started_at=revision.captured_at,
        ended_at=revision.captured_at,
        external_id=f"security:{resource.pk}:{revision.number}",
        region=resource.region,
        subject=f"{resource.technology} {resource.resource_id}"[:200],
        labels={
            "account": account.account_id,
            "account_name": account.name,
            "technology": resource.technology,
            "resource": resource.resource_id[:200],
            "change_class": revision.change_class,
        },
        links=(
            {
                "href": settings.PUBLIC_URL + resource.get_absolute_url(),
                "text": "The resource and its history",
            },
        ),
        data={"changes": _bounded(revision.changes)},
    )


def _bounded(changes: Sequence[Any]) -> list[Any]:
    """The first few of them, no larger than a page can show."""
    kept, size = [], 0
    for change in changes[:20]:
        size += len(encode(change))
        if size > _MOST:
            break
        kept.append(change)
    return kept

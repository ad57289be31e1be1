"""Ask the checks, in memory."""

import logging
from collections.abc import Iterator, Mapping, Sequence

from security.auditors import Auditor, Item, Undecided, Verdict, World, auditors_of
from security.models import CloudResource

logger = logging.getLogger(__name__)
# Of each resource, by its pk.
Verdicts = Mapping[int, Sequence[tuple[type[Auditor], Verdict]]]


def judge(row: CloudResource, world: World) -> Iterator[tuple[type[Auditor], Verdict]]:
    """Every check's verdicts; nothing of what is deleted."""
    if row.state == CloudResource.State.DELETED:
        return
    item = item_of(row, world.account_id)
    for auditor in auditors_of(row.technology):
        if missing := [facet for facet in auditor.reads if facet in row.unknown]:
            code = row.unknown[missing[0]]["code"]
            yield auditor, Undecided(f"{missing[0]} could not be read: {code}")
            continue
        for verdict in _ask(auditor, item, world):
            yield auditor, verdict


def _ask(auditor: type[Auditor], item: Item, world: World) -> list[Verdict]:
    """A check that fails has not passed anything, and keeps no other from being asked."""
    try:
        return list(auditor.audit(item, world))
    except Exception as error:
        logger.exception("check %s failed on %s %s", auditor.slug, item.technology, item.pk)
        return [Undecided(f"the check itself failed: {type(error).__name__}: {error}")]


def item_of(row: CloudResource, account_id: str) -> Item:
    """The resource as checks see it."""
    return Item(
        row.pk, account_id, row.region, row.technology, row.resource_id, row.arn, row.name,
        row.config, row.unknown, row.tags, row.first_seen_at,
    )  # fmt: skip

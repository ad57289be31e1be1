"""Renewed, and the old one is still served."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from certs.judge.batch import Batch
from certs.judge.expiry import next_day, span
from certs.judge.verdict import Verdict
from certs.models import Certificate, Observation
from opsportal.lib.ids import IdIn

KINDS = ("stale_served",)
_MOST_NAMED = 5


def judge_stale(batch: Batch) -> None:
    """After the policy's grace, which begins when the renewed one was first seen in use."""
    stale = []
    for row in batch.living():
        new = batch.replacements.get(row.pk)
        if new is None or row.is_ca or not batch.known[row.pk].endpoint_ids:
            continue
        since = batch.known[new.pk].in_use_since or new.first_seen_at
        told_at = since + batch.policies[row.pk].stale_grace
        if batch.now < told_at:
            batch.again(row, told_at)
        else:
            stale.append(row)
    if not stale:
        return
    addresses = _addresses({pk for row in stale for pk in _where(row, batch)})
    for row in stale:
        batch.say(row, _verdict(row, batch, addresses))
        # "9 days ago" becomes 10.
        batch.again(row, next_day(batch.replacements[row.pk].not_before, batch.now))


def _where(row: Certificate, batch: Batch) -> set[int]:
    """The endpoints that serve the old one or the new one."""
    new = batch.replacements[row.pk]
    return batch.known[row.pk].endpoint_ids | batch.known[new.pk].endpoint_ids


def _addresses(endpoint_ids: set[int]) -> Counter[int]:
    """How many addresses each has that serve anything. One query."""
    rows = Observation.objects.filter(IdIn(sorted(endpoint_ids), "endpoint_id"), serving=True)
    return Counter(rows.order_by().values_list("endpoint_id", flat=True))


def _verdict(row: Certificate, batch: Batch, addresses: Counter[int]) -> Verdict:
    new, known = batch.replacements[row.pk], batch.known[row.pk]
    old_at = [each for each in known.servings if each.position == 0]
    total = sum(addresses[pk] for pk in _where(row, batch))
    where = where_stored(new, batch)
    places = sorted({str(batch.world.endpoints[pk]) for pk in known.endpoint_ids})
    more = f" and {len(places) - _MOST_NAMED} more" if len(places) > _MOST_NAMED else ""
    since = batch.now - new.not_before
    ago = "just now" if since < timedelta(minutes=1) else f"{span(since)} ago"
    return Verdict(
        "stale_served", "high",
        f"was renewed {ago}{f' in {where}' if where else ''}, and the old one is still served "
        f"at {len(old_at)} of {total} addresses ({', '.join(places[:_MOST_NAMED])}{more})",
        facts={
            "replaced_by": new.pk,
            "endpoints": [
                {"endpoint": each.endpoint_id, "address": each.address}
                for each in old_at[:200]
            ],
        },
    )  # fmt: skip


def where_stored(row: Certificate, batch: Batch) -> str:
    """The sources that have it, by name; else who serves it."""
    known = batch.known[row.pk]
    names: Sequence[str] = [batch.world.sources[pk].name for pk in sorted(known.source_ids)]
    names = names or sorted(str(batch.world.endpoints[pk]) for pk in known.endpoint_ids)
    return ", ".join(names[:3])

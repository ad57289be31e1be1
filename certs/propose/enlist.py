"""Accepted proposals become endpoints."""

from collections.abc import Sequence
from datetime import datetime

from certs.models import Endpoint, Proposal
from opsportal.lib.ids import IdIn
from opsportal.lib.times import format_instant


def enlist(proposals: Sequence[Proposal], *, now: datetime) -> None:
    """An endpoint for each, unless there is one; it is its domain's. In the caller's transaction.

    The proposals have their domains at hand.
    """
    if not proposals:
        return
    Endpoint.objects.bulk_create(
        [
            Endpoint(
                host=row.host, port=row.port, protocol=row.protocol, team_id=row.domain.team_id,
                environment=row.domain.environment, next_at=now,
                provenance=[
                    *row.provenance,
                    {"from": row.decided_by, "what": "accepted", "at": format_instant(now)},
                ],
            )
            for row in proposals
        ],
        batch_size=500, ignore_conflicts=True,
    )  # fmt: skip
    hosts = sorted({row.host for row in proposals})
    endpoints = Endpoint.objects.filter(IdIn(hosts, "host"), server_name="")
    by_key = {(row.host, row.port, row.protocol): row for row in endpoints}
    # Rows that were inserted beside others of the same key have no id.
    stored = Proposal.objects.filter(IdIn(hosts, "host"))
    rows = {(row.host, row.port, row.protocol): row for row in stored}
    changed = []
    for each in proposals:
        key = (each.host, each.port, each.protocol)
        if key in rows:
            rows[key].endpoint = by_key.get(key)
            changed.append(rows[key])
    Proposal.objects.bulk_update(changed, ["endpoint"], batch_size=500)

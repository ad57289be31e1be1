"""Which renewed certificate stands in for an old one."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from certs.judge.known import Known
from certs.models import Certificate
from opsportal.lib.ids import IdIn

Use = Certificate.Use
COLUMNS = (
    "title", "sha256", "not_before", "not_after", "lineage_id", "use", "first_seen_at",
    "retired_at", "is_precertificate", "issuer_title", "replaced_by_id", "replacement_pinned",
    "is_ca", "self_signed",
)  # fmt: skip


def load_mates(rows: Sequence[Certificate]) -> dict[int, list[Certificate]]:
    """By lineage of these: its certificates that are in use. One query."""
    found: dict[int, list[Certificate]] = defaultdict(list)
    for row in rows:
        if row.lineage_id is not None and row.use != Use.KNOWN and row.retired_at is None:
            found[row.lineage_id].append(row)
    ids = {row.lineage_id for row in rows if row.lineage_id is not None}
    others = Certificate.objects.filter(
        IdIn(sorted(ids), "lineage_id"), use__in=[Use.SERVED, Use.PLACED], retired_at=None
    ).exclude(IdIn([row.pk for row in rows]))
    for mate in others.only(*COLUMNS).order_by("pk"):
        if mate.lineage_id is not None:
            found[mate.lineage_id].append(mate)
    return found


def replacement_of(
    row: Certificate, mates: Sequence[Certificate], known: Mapping[int, Known], now: datetime
) -> Certificate | None:
    """The newest of its lineage that is in use, valid now, and follows it; None: there is none."""
    following = [
        mate
        for mate in mates
        if mate.pk != row.pk
        and mate.not_after > row.not_after
        and mate.not_before <= now < mate.not_after
        # Whoever signs for himself writes any issuer.
        and (row.is_ca or mate.self_signed == row.self_signed)
        and _follows(row, mate, known)
    ]
    return max(following, key=lambda mate: (mate.not_after, mate.pk), default=None)


def _follows(row: Certificate, mate: Certificate, known: Mapping[int, Known]) -> bool:
    """Servers that renew for themselves hold certificates of one name side by side.

    So it is in a source or at an endpoint of the old one, or was issued in the old one's second
    half, when that was to be renewed; or the old one is nowhere any more. One that was only
    uploaded is at nobody's server: it does not take the place of what is stored elsewhere.
    """
    old, new = known[row.pk], known[mate.pk]
    if row.use != Use.SERVED and new.is_only_handed_in and not old.is_only_handed_in:
        return False
    if old.in_use_since is None or mate.not_before >= row.not_before + (
        (row.not_after - row.not_before) / 2
    ):
        return True
    return bool(old.source_ids & new.source_ids or old.endpoint_ids & new.endpoint_ids)

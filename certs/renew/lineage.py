"""Which certificates replace each other: equal names, from the same family of issuers."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256

from certs.judge.known import Known
from certs.models import Certificate, Lineage
from opsportal.lib.ids import IdIn
from opsportal.lib.update import update_values

# An attribute of RFC 4514's text, with its escapes.
_ORGANIZATION = re.compile(r"(?:^|,)O=((?:[^,\\]|\\.)*)")
_COMMON_NAME = re.compile(r"(?:^|,)CN=((?:[^,\\]|\\.)*)")
_NUMBERS = re.compile(r"[0-9]+")


def family_of(issuer: str) -> str:
    """What intermediates of one authority have in common: the organisation.

    Where there is none the common name without its numbers, since "CA 1" is followed by "CA 2".
    """
    if found := _ORGANIZATION.search(issuer):
        return found.group(1).strip().casefold()
    found = _COMMON_NAME.search(issuer)
    return _NUMBERS.sub("#", (found.group(1) if found else issuer).strip().casefold())


def lineage_key(row: Certificate, names: Iterable[str]) -> str:
    """Digest of what is in common. An authority's is its own name, a server's the set of names.

    The owner is no part of it: a renewed one is often seen first where no rule says whose it is.
    """
    whose = sorted(names)
    if row.is_ca or not whose:
        whose = [row.subject_key]
    kind = "ca" if row.is_ca else "leaf"
    parts = (kind, family_of(row.issuer), *whose)
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def assign_lineages(
    rows: Iterable[Certificate], known: Mapping[int, Known], *, now: datetime
) -> list[Certificate]:
    """Store the lineage of those that have none; which those are. Four statements."""
    new = [row for row in rows if row.lineage_id is None]
    if not new:
        return []
    keys = {row.pk: lineage_key(row, known[row.pk].names) for row in new}
    found = _lineages(set(keys.values()))
    first = {keys[row.pk]: row for row in reversed(new)}
    if missing := [
        Lineage(key=key, name=(row.title or row.subject)[:255], created_at=now)
        for key, row in first.items()
        if key not in found
    ]:
        # Somebody else may store one at the same moment.
        Lineage.objects.bulk_create(missing, ignore_conflicts=True, batch_size=500)
        found |= _lineages({row.key for row in missing})
    for row in new:
        row.lineage_id = found[keys[row.pk]]
    update_values(Certificate, "lineage", {row.pk: row.lineage_id for row in new})
    return new


def _lineages(keys: set[str]) -> dict[str, int]:
    rows = Lineage.objects.filter(IdIn(sorted(keys), "key"))
    return dict(rows.order_by().values_list("key", "pk"))

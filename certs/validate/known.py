"""Intermediates that are known though not served."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from certs.models import Certificate
from opsportal.lib.ids import IdIn

# Intermediates above each other that a server may have left out.
_LEVELS = 3
# Of one name; and of all names at once, whoever stored so many.
_EACH = 4
_MOST = 2000


def load_known(issuer_keys: Iterable[str]) -> dict[str, list[Certificate]]:
    """Authorities of the inventory by what they are called, and those above them."""
    found: dict[str, list[Certificate]] = {}
    wanted = set(issuer_keys)
    for _ in range(_LEVELS):
        wanted -= set(found)
        if not wanted:
            break
        by_name: dict[str, list[Certificate]] = defaultdict(list)
        rows = Certificate.objects.filter(IdIn(wanted, "subject_key"), is_ca=True)
        rows = rows.filter(self_signed=False).order_by("-not_after", "pk")
        fields = ("sha256", "der", "subject_key", "issuer_key", "title")
        for row in rows.only(*fields)[:_MOST]:
            if len(by_name[row.subject_key]) < _EACH:
                by_name[row.subject_key].append(row)
        found |= {name: by_name.get(name, []) for name in wanted}
        wanted = {row.issuer_key for name in wanted for row in by_name.get(name, ())}
    return found


def above(issuer_keys: Sequence[str], known: dict[str, list[Certificate]]) -> list[Certificate]:
    """Those that may stand above certificates of these issuers, the nearest first."""
    found: dict[str, Certificate] = {}
    level = list(issuer_keys)
    for _ in range(_LEVELS):
        rows = [row for key in level for row in known.get(key, ()) if row.sha256 not in found]
        found |= {row.sha256: row for row in rows}
        level = [row.issuer_key for row in rows]
    return list(found.values())

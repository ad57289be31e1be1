"""The certificates that certificates were issued with."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from certs.models import Certificate
from certs.trust.loaded import Loaded, load
from certs.trust.signed import issuer_of
from certs.validate.stores import open_stores
from opsportal.lib.ids import IdIn

# Of one name. Anybody may serve authorities of any name, so that who comes later does not displace
# who was there.
_EACH = 32


def load_issuers(rows: Sequence[Certificate]) -> Mapping[int, Loaded]:
    """The issuer of each, where it is in the inventory or in a trust store; it signed it."""
    by_name: dict[str, list[Loaded]] = defaultdict(list)
    found = Certificate.objects.filter(
        IdIn({row.issuer_key for row in rows}, "subject_key"), is_ca=True
    ).order_by("pk")
    for authority in found.only("subject_key", "der").iterator():
        loaded = load(bytes(authority.der))
        if loaded is not None and len(by_name[authority.subject_key]) < _EACH:
            by_name[authority.subject_key].append(loaded)
    stores = list(open_stores().values())
    issuers: dict[int, Loaded] = {}
    for row in rows:
        mine = load(bytes(row.der))
        if mine is None:
            continue
        roots = [root for store in stores for root in store.by_subject.get(mine.issuer, ())]
        issuer = issuer_of(mine, [*by_name.get(row.issuer_key, ()), *roots])
        if issuer is not None:
            issuers[row.pk] = issuer
    return issuers

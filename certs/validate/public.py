"""Which certificates lead to a publicly trusted root, served or not."""

from collections.abc import Sequence
from datetime import datetime

from certs.models import Certificate, TrustStore
from certs.trust import judge_chain
from certs.validate.known import above, load_known
from certs.validate.stores import open_store
from opsportal.lib.ids import IdIn


def publicly_trusted(ids: Sequence[int], *, now: datetime) -> set[int]:
    """Those that hold in a public store, with whatever intermediates are known; an expired one,
    if it held in its time."""
    stores = [
        open_store(row) for row in TrustStore.objects.filter(enabled=True, public=True) if ids
    ]
    if not stores:
        return set()
    rows = list(Certificate.objects.filter(IdIn(ids)).only("der", "issuer_key", "not_before",
                                                           "not_after"))  # fmt: skip
    known = load_known({row.issuer_key for row in rows})
    found: set[int] = set()
    for row in rows:
        at = min(max(now, row.not_before), row.not_after)
        more = [bytes(each.der) for each in above([row.issuer_key], known)]
        chain = [bytes(row.der)]
        if any(judge_chain(chain, store, at=at, known=more).ok for store in stores):
            found.add(row.pk)
    return found

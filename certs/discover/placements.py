"""Where certificates are stored."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from certs.discover.certificates import store_certificates
from certs.discover.storable import storable_json, storable_text
from certs.discover.stored import Stored
from certs.models import Certificate, Placement, Source
from certs.normalise import FoundCertificate
from opsportal.lib.ids import IdIn
from opsportal.lib.insert import insert_rows

# That a placement is still there is the source's `complete_at`; its row says so once a day.
SEEN_EVERY = timedelta(days=1)
_Key = tuple[str, str]


class _Known(NamedTuple):
    pk: int
    locator_key: str
    sha256: str
    certificate_id: int
    position: int
    has_key: bool
    facts: dict[str, Any]
    missed: int
    gone_at: datetime | None
    last_seen_at: datetime


def locator_key(locator: str) -> str:
    """What a locator is found by."""
    return sha256(locator.encode("utf-8", "surrogatepass")).hexdigest()


def store_placements(
    source: Source, found: Sequence[FoundCertificate], stored: Stored, *, now: datetime
) -> None:
    """Each where it is; what is as it was is not written. In the caller's transaction."""
    if not found:
        return
    wanted: dict[_Key, FoundCertificate] = {}
    for each in found:
        key = locator_key(storable_text(each.locator)), each.parsed.sha256
        wanted.setdefault(key, each)
    known = _known(source, {place for place, _ in wanted})
    new = {key: each for key, each in wanted.items() if key not in known}
    changed, stale, certificates = [], [], set()
    for key in wanted.keys() & known.keys():
        was, facts = known[key], storable_json(wanted[key].facts)
        stored.seen.add(was.pk)
        if _differs(was, wanted[key], facts):
            changed.append(_changed(was, wanted[key], facts, now))
            if was.gone_at is not None:
                stored.touched.add(was.certificate_id)
        elif was.last_seen_at <= now - SEEN_EVERY:
            stale.append(was.pk)
        else:
            continue
        certificates.add(was.certificate_id)
    certificates |= _insert(source, new, stored, now)
    if changed:
        Placement.objects.bulk_update(
            changed, ["position", "has_key", "facts", "last_seen_at", "missed", "gone_at"],
            batch_size=500,
        )  # fmt: skip
    if stale:
        Placement.objects.filter(IdIn(stale)).update(last_seen_at=now)
    if certificates:
        rows = Certificate.objects.filter(IdIn(sorted(certificates)), last_seen_at__lt=now)
        rows.update(last_seen_at=now)


def _known(source: Source, keys: Collection[str]) -> dict[_Key, _Known]:
    rows = Placement.objects.filter(IdIn(sorted(keys), "locator_key"), source=source)
    columns = [name.replace("sha256", "certificate__sha256") for name in _Known._fields]
    found = (_Known(*row) for row in rows.order_by().values_list(*columns))
    return {(row.locator_key, row.sha256): row for row in found}


def _differs(was: _Known, found: FoundCertificate, facts: dict[str, Any]) -> bool:
    return (
        was.gone_at is not None
        or was.missed > 0
        or was.position != found.position
        or was.has_key != found.has_key
        or was.facts != facts
    )


def _changed(
    was: _Known, found: FoundCertificate, facts: dict[str, Any], now: datetime
) -> Placement:
    return Placement(
        pk=was.pk, position=found.position, has_key=found.has_key, facts=facts,
        last_seen_at=now, missed=0, gone_at=None,
    )  # fmt: skip


def _insert(
    source: Source, new: dict[_Key, FoundCertificate], stored: Stored, now: datetime
) -> set[int]:
    """The certificates of the new ones."""
    if not new:
        return set()
    rows = store_certificates([each.parsed for each in new.values()], now=now)
    places = [
        Placement(
            certificate_id=rows[digest].pk, source_id=source.pk,
            locator=storable_text(each.locator), locator_key=key, position=each.position,
            has_key=each.has_key, facts=storable_json(each.facts), first_seen_at=now,
            last_seen_at=now,
        )
        for (key, digest), each in new.items()
    ]  # fmt: skip
    insert_rows(places)
    certificates = {row.certificate_id for row in places}
    stored.new += len(places)
    stored.seen |= {row.pk for row in places}
    stored.touched |= certificates
    return certificates

"""Where certificates are stored, and that they are there no more."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from django.db.models import F

from certs.discover.certificates import store_certificates
from certs.models import Certificate, Placement, Source, SourceTrouble
from certs.normalise import FoundCertificate, FoundTrouble
from opsportal.lib.ids import IdIn
from opsportal.lib.insert import insert_rows

# Complete runs in a row that must not find it.
MISSES = 2
_Key = tuple[str, int]


@dataclass
class Stored:
    """What a run came to; `touched` are certificates whose places changed."""

    found: int = 0
    new: int = 0
    gone: int = 0
    troubles: int = 0
    endpoints: int = 0
    seen: set[int] = field(default_factory=set)
    troubled: set[str] = field(default_factory=set)
    touched: set[int] = field(default_factory=set)


def locator_key(locator: str) -> str:
    """What a locator is found by."""
    return sha256(locator.encode("utf-8", "surrogatepass")).hexdigest()


def store_placements(
    source: Source, found: Sequence[FoundCertificate], stored: Stored, *, now: datetime
) -> None:
    """Each where it is. In the caller's transaction."""
    if not found:
        return
    rows = store_certificates([each.parsed for each in found], now=now)
    wanted: dict[_Key, tuple[Certificate, FoundCertificate]] = {}
    for each in found:
        row = rows[each.parsed.sha256]
        wanted.setdefault((locator_key(each.locator), row.pk), (row, each))
    present = Placement.objects.filter(
        IdIn([key for key, _ in wanted], "locator_key"), source=source
    )
    known = {(row.locator_key, row.certificate_id): row for row in present}
    new, changed = [], []
    for key, (certificate, each) in wanted.items():
        place = known.get(key)
        if place is None:
            place = Placement(
                certificate_id=certificate.pk, source_id=source.pk, locator=each.locator,
                locator_key=key[0], first_seen_at=now,
            )  # fmt: skip
            new.append(place)
            stored.touched.add(certificate.pk)
        else:
            changed.append(place)
            if place.gone_at is not None:
                stored.touched.add(certificate.pk)
        place.position, place.has_key = each.position, each.has_key
        place.facts, place.last_seen_at = dict(each.facts), now
        place.missed, place.gone_at = 0, None
    insert_rows(new)
    Placement.objects.bulk_update(
        changed, ["position", "has_key", "facts", "last_seen_at", "missed", "gone_at"],
        batch_size=500,
    )  # fmt: skip
    stored.found += len(wanted)
    stored.new += len(new)
    stored.seen |= {row.pk for row in (*new, *changed)}
    certificates = {certificate.pk for certificate, _ in wanted.values()}
    Certificate.objects.filter(IdIn(sorted(certificates))).update(last_seen_at=now)


def miss_placements(source: Source, stored: Stored, *, now: datetime) -> None:
    """What a complete run did not find: gone, when it happens again. In the caller's transaction.

    What lies where something could not be read was not looked for.
    """
    absent = [
        row
        for row in Placement.objects.filter(source=source, gone_at=None).only(
            "certificate_id", "locator_key", "missed"
        )
        if row.pk not in stored.seen and row.locator_key not in stored.troubled
    ]
    ids = [row.pk for row in absent]
    Placement.objects.filter(IdIn(ids)).update(missed=F("missed") + 1)
    gone = [row for row in absent if row.missed + 1 >= MISSES]
    Placement.objects.filter(IdIn([row.pk for row in gone])).update(gone_at=now)
    stored.gone += len(gone)
    stored.touched |= {row.certificate_id for row in gone}


def store_troubles(
    source: Source, troubles: Sequence[FoundTrouble], stored: Stored, *, now: datetime
) -> None:
    """Note what could not be read. In the caller's transaction."""
    by_key = {locator_key(each.locator): each for each in troubles}
    SourceTrouble.objects.bulk_create(
        [
            SourceTrouble(
                source=source, locator=each.locator, locator_key=key,
                message=each.message[:1000], first_at=now, last_at=now,
            )
            for key, each in by_key.items()
        ],
        update_conflicts=True, unique_fields=["source", "locator_key"],
        update_fields=["message", "last_at", "cleared_at"], batch_size=500,
    )  # fmt: skip
    stored.troubles += len(by_key)
    stored.troubled |= set(by_key)


def clear_troubles(source: Source, stored: Stored, *, now: datetime) -> None:
    """What is no trouble any more, after a complete run. In the caller's transaction."""
    rows = SourceTrouble.objects.filter(source=source, cleared_at=None)
    over = [row.pk for row in rows.only("locator_key") if row.locator_key not in stored.troubled]
    SourceTrouble.objects.filter(IdIn(over)).update(cleared_at=now)

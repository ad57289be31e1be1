"""What was issued for names of ours, and is known nowhere but in a log of CT.

A certificate is known by its key: who has served or stored any certificate of that key has it, and
a precertificate and its certificate have one key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, Min, OuterRef, Q

from certs import kinds
from certs.judge.batch import Batch
from certs.judge.verdict import Verdict
from certs.models import Certificate, CertificateName, Placement, ServedCertificate
from opsportal.lib.ids import IdIn

KIND = "unknown_in_ct"
KINDS = (KIND,)
LOGS = ("ct-log", "ct-push")
# Between the log and the first sight of it anywhere: it is logged before it is installed.
GRACE = timedelta(hours=24)
_MOST_NAMES = 20


@dataclass(frozen=True, slots=True)
class Hearsay:
    """What logs say of certificates, and which of them are ours, of many at once."""

    # Of each that a log has: where it was seen first, and since when we know.
    heard: Mapping[int, tuple[Mapping[str, Any], datetime]]
    names: Mapping[int, Sequence[str]]
    # Digests of keys that were seen in places of ours, or that a person vouches for.
    keys: frozenset[str]
    # Of what is logged as precertificate and as certificate, the one that is told of.
    told: frozenset[int]


def load_hearsay(certificates: Sequence[Certificate]) -> Hearsay:
    """What the judge needs of these: one query where no log has any, four where one has."""
    places = Placement.objects.filter(
        IdIn([row.pk for row in certificates], "certificate_id"), source__kind__in=LOGS
    ).order_by("-pk")
    heard = {
        pk: (facts, at)
        for pk, facts, at in places.values_list("certificate_id", "facts", "first_seen_at")
    }
    if not heard:
        return Hearsay({}, {}, frozenset(), frozenset())
    logged = [row for row in certificates if row.pk in heard]
    return Hearsay(
        heard,
        _names(list(heard)),
        _known_keys({row.spki_sha256 for row in logged}),
        _first_of_each({row.tbs_sha256 for row in logged}),
    )


def judge_transparency(batch: Batch) -> None:
    """What nobody here knows, once the grace is over."""
    hearsay = load_hearsay(batch.rows)
    for row in batch.rows:
        if row.pk not in hearsay.heard:
            continue
        if row.retired_at is not None or not _is_unknown(row, hearsay, batch.now):
            batch.reasons[row.pk] = "known"
            continue
        end = hearsay.heard[row.pk][1] + GRACE
        if batch.now < end:
            batch.again(row, end)
        else:
            batch.say(row, _verdict(row, hearsay))


def _verdict(row: Certificate, hearsay: Hearsay) -> Verdict:
    facts, _ = hearsay.heard[row.pk]
    names = list(hearsay.names.get(row.pk, ()))
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    where = f"entry {facts.get('entry', '?')} of {facts.get('log', 'a log')}"
    return Verdict(
        KIND, kinds.KINDS[KIND].severity,
        f"was issued by {row.issuer_title} for {shown}, and is known nowhere here: {where}",
        facts={
            "issuer": row.issuer, "names": names[:_MOST_NAMES], "of": len(names),
            "serial": row.serial, "log": facts.get("log", ""), "entry": facts.get("entry"),
            "logged_at": facts.get("logged_at", ""),
        },
    )  # fmt: skip


def _is_unknown(certificate: Certificate, hearsay: Hearsay, now: datetime) -> bool:
    return (
        certificate.pk in hearsay.heard
        and certificate.pk in hearsay.told
        and certificate.spki_sha256 not in hearsay.keys
        and certificate.not_after > now
    )


def _names(ids: Sequence[int]) -> dict[int, list[str]]:
    rows = CertificateName.objects.filter(
        IdIn(ids, "certificate_id"), kind__in=["dns", "cn"]
    ).order_by("pk")
    found: dict[int, list[str]] = {}
    for pk, name in rows.values_list("certificate_id", "value"):
        if name not in (names := found.setdefault(pk, [])):
            names.append(name)
    return found


def _known_keys(digests: set[str]) -> frozenset[str]:
    """Those of which any certificate was ever served or stored, or is vouched for."""
    served = ServedCertificate.objects.filter(certificate=OuterRef("pk"))
    # A ledger of what an own authority issued knows it as well as a place does.
    placed = Placement.objects.filter(certificate=OuterRef("pk")).exclude(source__kind__in=LOGS)
    rows = Certificate.objects.filter(IdIn(sorted(digests), "spki_sha256")).filter(
        Q(vouched_at__isnull=False) | Exists(served) | Exists(placed)
    )
    return frozenset(rows.order_by().values_list("spki_sha256", flat=True))


def _first_of_each(digests: set[str]) -> frozenset[int]:
    rows = Certificate.objects.filter(IdIn(sorted(digests), "tbs_sha256")).order_by()
    firsts = rows.values("tbs_sha256").annotate(first=Min("pk")).values_list("first", flat=True)
    return frozenset(firsts)

"""Served chains are held against each trust store; distinct chains once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from certs.models import Certificate, Observation, ServedCertificate, TrustStore, Validation
from certs.trust import NO_ISSUER, Anchors, Judged, judge_chain
from certs.validate.known import above, load_known
from certs.validate.stores import open_stores
from opsportal.lib.ids import IdIn

_BATCH = 500
_STORED = ("ok", "code", "depth", "message", "culprit", "path", "missing", "at")
_Chain = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """A chain held against all stores. `until`: as long as only time changes."""

    certificates: tuple[Certificate, ...]
    by_store: Mapping[TrustStore, Judged]
    # Of the inventory, by which it would hold in a store.
    missing: Mapping[TrustStore, tuple[Certificate, ...]]
    at: datetime
    until: datetime | None


def validate_observations(
    observations: Sequence[Observation],
    stores: Mapping[TrustStore, Anchors] | None = None,
    *,
    now: datetime,
) -> Mapping[int, Held]:
    """Hold the chain of each against each enabled store, and store what came of it.

    By observation; in a handful of statements, in the caller's transaction.
    """
    stores = open_stores() if stores is None else stores
    chains = _chains([row.pk for row in observations])
    rows = _certificates({pk for chain in chains.values() for pk in chain})
    held = _hold(set(chains.values()), rows, stores, now)
    found = {pk: held[chain] for pk, chain in chains.items()}
    _store(found, now)
    return found


def _chains(ids: Sequence[int]) -> dict[int, _Chain]:
    found: dict[int, list[int]] = defaultdict(list)
    served = ServedCertificate.objects.filter(IdIn(ids, "observation_id"))
    pairs = served.order_by("observation_id", "position")
    for observation, certificate in pairs.values_list("observation_id", "certificate_id"):
        found[observation].append(certificate)
    return {pk: tuple(chain) for pk, chain in found.items()}


def _certificates(ids: Iterable[int]) -> dict[int, Certificate]:
    return {row.pk: row for row in Certificate.objects.filter(IdIn(ids))}


def _hold(
    chains: Iterable[_Chain],
    rows: Mapping[int, Certificate],
    stores: Mapping[TrustStore, Anchors],
    now: datetime,
) -> dict[_Chain, Held]:
    held: dict[_Chain, Held] = {}
    for chain in chains:
        certificates = tuple(rows[pk] for pk in chain)
        ders = [bytes(row.der) for row in certificates]
        by_store = {store: judge_chain(ders, roots, at=now) for store, roots in stores.items()}
        held[chain] = Held(certificates, by_store, {}, now, _until(by_store.values()))
    broken = [chain for chain, each in held.items() if _lacks(each)]
    known = load_known({row.issuer_key for chain in broken for row in held[chain].certificates})
    for chain in broken:
        held[chain] = _complete(held[chain], known, stores, now)
    return held


def _lacks(held: Held) -> bool:
    judged = held.by_store.values()
    return not any(each.ok for each in judged) and any(each.code == NO_ISSUER for each in judged)


def _complete(
    held: Held,
    known: dict[str, list[Certificate]],
    stores: Mapping[TrustStore, Anchors],
    now: datetime,
) -> Held:
    """As clients do that know or fetch what the server left out."""
    served = {row.sha256 for row in held.certificates}
    more = [
        row for row in above([each.issuer_key for each in held.certificates], known)
        if row.sha256 not in served
    ]  # fmt: skip
    if not more:
        return held
    ders = [bytes(row.der) for row in held.certificates]
    by_digest = {row.sha256: row for row in more}
    missing: dict[TrustStore, tuple[Certificate, ...]] = {}
    again: list[Judged] = []
    for store, roots in stores.items():
        judged = judge_chain(ders, roots, at=now, known=[bytes(row.der) for row in more])
        again.append(judged)
        if judged.ok:
            missing[store] = tuple(by_digest[each] for each in judged.path if each in by_digest)
    until = _until([*held.by_store.values(), *again])
    return Held(held.certificates, held.by_store, missing, now, until)


def _until(judged: Iterable[Judged]) -> datetime | None:
    return min((each.until for each in judged if each.until), default=None)


def _store(found: Mapping[int, Held], now: datetime) -> None:
    """What differs from what was known is written."""
    known = {
        (row.observation_id, row.store_id): row
        for row in Validation.objects.filter(IdIn(found, "observation_id"))
    }
    new: list[Validation] = []
    changed: list[Validation] = []
    for pk, held in found.items():
        for store, judged in held.by_store.items():
            values = _values(judged, held.missing.get(store, ()))
            row = known.pop((pk, store.pk), None)
            if row is None:
                new.append(Validation(observation_id=pk, store=store, at=now, **values))
            elif any(getattr(row, name) != value for name, value in values.items()):
                for name, value in values.items():
                    setattr(row, name, value)
                row.at = now
                changed.append(row)
    # Of stores that are not enabled any more.
    Validation.objects.filter(IdIn([row.pk for row in known.values()])).delete()
    Validation.objects.bulk_create(new, batch_size=_BATCH, ignore_conflicts=True)
    Validation.objects.bulk_update(changed, _STORED, batch_size=_BATCH)


def _values(judged: Judged, missing: Sequence[Certificate]) -> dict[str, object]:
    return {
        "ok": judged.ok,
        "code": judged.code,
        "depth": judged.depth,
        "message": judged.message[:300],
        "culprit": judged.culprit,
        "path": list(judged.path),
        "missing": [row.sha256 for row in missing],
    }

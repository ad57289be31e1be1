"""What is wrong with the chains that an endpoint serves."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from certs.judge.served import Served, addresses_of, at_addresses
from certs.judge.verdict import Crossed, Verdict
from certs.kinds import KINDS
from certs.models import Certificate, Endpoint, TrustStore
from certs.trust import (
    EXPIRED,
    NO_ISSUER,
    NOT_YET_VALID,
    SELF_SIGNED_LEAF,
    Anchors,
    Judged,
    Link,
    disorder_of,
    judge_chain,
)
from certs.validate import Held

# An intermediate that expires before its leaf: from then on that is told of.
EXPIRING = ((timedelta(days=30), "30d", "warning"), (timedelta(days=7), "7d", "high"))
_SECOND = timedelta(seconds=1)
# What was said of a chain: kind, words, facts, the moment when it was due.
_Said = tuple[str, str, dict[str, object], datetime | None]


def judge_chains(
    endpoint: Endpoint,
    served: Sequence[Served],
    stores: Mapping[TrustStore, Anchors],
    *,
    now: datetime,
) -> Iterator[Verdict]:
    """Each kind once, with the addresses that it holds for."""
    found: dict[str, list[tuple[Served, _Said]]] = defaultdict(list)
    for each in served:
        for said in (*_trust(each.held, stores), *_order(each.held), *_expiring(each, stores, now)):
            found[said[0]].append((each, said))
    for kind, all_said in found.items():
        where = addresses_of(each for each, _ in all_said)
        first, (_, words, facts, due) = all_said[0]
        verdict = Verdict(
            kind=kind,
            severity=KINDS[kind].severity,
            summary=f"{words}{at_addresses(where, len(served))}",
            certificate_id=first.leaf.pk,
            facts={**facts, "addresses": where},
        )
        yield _at_threshold(verdict, due, now) if due else verdict


def _trust(held: Held, stores: Mapping[TrustStore, Anchors]) -> Iterator[_Said]:
    """At most one: the reason that the least is missing of."""
    judged = held.by_store
    if not judged or any(each.ok for each in judged.values()):
        return
    # The certificate's own time is the certificate's own finding.
    if any(each.code in {EXPIRED, NOT_YET_VALID} and not each.depth for each in judged.values()):
        return
    names = {row.sha256: row.title for row in held.certificates}
    facts: dict[str, object] = {
        "stores": {
            store.name: {"code": each.code, "depth": each.depth, "message": each.message,
                         "certificate": names.get(each.culprit, "")}
            for store, each in judged.items()
        }
    }  # fmt: skip
    if held.missing:
        yield "incomplete_chain", _missing(held), facts, None
    elif expired := _expired_below_root(held):
        yield "expired_intermediate", f"{_named(expired)} of its chain expired on " \
            f"{expired.not_after:%Y-%m-%d %H:%M} UTC", facts, None  # fmt: skip
    elif all(each.code == SELF_SIGNED_LEAF for each in judged.values()):
        yield "self_signed", f"{_named(held.certificates[0])} is signed by itself", facts, None
    elif len(held.certificates) == 1 and all(_lacks(each) for each in judged.values()):
        leaf = held.certificates[0]
        fetched = "; browsers may fetch it" if leaf.details.get("issuer_urls") else ""
        words = f"the issuer of {_named(leaf)}, {leaf.issuer_title or leaf.issuer}, is not served" \
            f"{fetched}"  # fmt: skip
        yield "incomplete_chain", words, facts, None
    else:
        yield "untrusted", f"no trust store holds its chain: {_reasons(judged, names)}", facts, None


def _missing(held: Held) -> str:
    store, missing = next(iter(held.missing.items()))
    titles = ", ".join(_named(row) for row in missing) or "an intermediate"
    return f"{titles} is not served; browsers may cope, since with it the chain holds in {store}"


def _lacks(judged: Judged) -> bool:
    return judged.code == NO_ISSUER


def _expired_below_root(held: Held) -> Certificate | None:
    rows = {row.sha256: row for row in held.certificates[1:] if not row.self_signed}
    found = (each for each in held.by_store.values() if each.code == EXPIRED and each.depth)
    return next((rows[each.culprit] for each in found if each.culprit in rows), None)


def _reasons(judged: Mapping[TrustStore, Judged], names: Mapping[str, str]) -> str:
    words = []
    for store, each in judged.items():
        about = f" ({names[each.culprit]})" if each.culprit in names else ""
        words.append(f"{store}: {each.message}{about}")
    return "; ".join(words)


def _named(row: Certificate) -> str:
    return row.title or row.sha256[:16]


def _order(held: Held) -> Iterator[_Said]:
    links = [
        Link(row.sha256, _named(row), row.subject_key, row.issuer_key, row.self_signed)
        for row in held.certificates
    ]
    words = [*disorder_of(links), *_beside(held)]
    if words:
        yield "wrong_order", "; ".join(words), {"order": words}, None


def _beside(held: Held) -> Iterator[str]:
    """What expired is sent, though the path that holds goes without it."""
    paths = {digest for judged in held.by_store.values() for digest in judged.path}
    for row in held.certificates[1:]:
        dead = any(judged.ok for judged in held.by_store.values()) and row.sha256 not in paths
        if dead and held.at >= row.not_after and not row.self_signed:
            yield f"{_named(row)} is sent, which expired on {row.not_after:%Y-%m-%d} and is " \
                "not needed"  # fmt: skip


def _expiring(each: Served, stores: Mapping[TrustStore, Anchors], now: datetime) -> Iterator[_Said]:
    """The first intermediate to expire of those that the leaf outlives, where no other way up is
    left then. Roots are not asked about."""
    rows = {row.sha256: row for row in each.held.certificates[1:]}
    ders = [bytes(row.der) for row in each.held.certificates]
    found: dict[str, tuple[Certificate, list[str]]] = {}
    for store, judged in each.held.by_store.items():
        between = [rows[digest] for digest in judged.path[1:-1] if digest in rows]
        for row in between:
            if row.not_after >= each.leaf.not_after or row.not_after - now > EXPIRING[0][0]:
                continue
            if not judge_chain(ders, stores[store], at=row.not_after + _SECOND).ok:
                found.setdefault(row.sha256, (row, []))[1].append(store.name)
    if found:
        row, names = min(found.values(), key=lambda pair: pair[0].not_after)
        words = f"{_named(row)} of its chain expires on {row.not_after:%Y-%m-%d %H:%M} UTC, " \
            f"before {_named(each.leaf)}"  # fmt: skip
        yield "expiring_intermediate", words, {"intermediate": row.sha256, "stores": names}, \
            row.not_after  # fmt: skip


def next_expiring(held: Held, now: datetime) -> datetime | None:
    """When the next intermediate comes near its end."""
    moments = (row.not_after - span for row in held.certificates[1:] for span, _, _ in EXPIRING)
    return min((moment for moment in moments if moment > now), default=None)


def _at_threshold(verdict: Verdict, due: datetime, now: datetime) -> Verdict:
    crossed = [
        Crossed(name, severity, due - span)
        for span, name, severity in EXPIRING
        if due - now <= span
    ]
    last = crossed[-1]
    return Verdict(
        verdict.kind, last.severity, verdict.summary, certificate_id=verdict.certificate_id,
        facts=verdict.facts, threshold=last.threshold, crossed=tuple(crossed),
    )  # fmt: skip

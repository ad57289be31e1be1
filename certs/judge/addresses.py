"""What is wrong with an endpoint beside its chains: names, addresses, protocols, silence."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address

from certs.judge.served import Served, addresses_of, at_addresses
from certs.judge.verdict import Verdict
from certs.kinds import KINDS
from certs.models import Certificate, Endpoint, Observation
from certs.tls import Result

# A server may be away for so long before anybody hears of it.
UNREACHABLE_AFTER = timedelta(hours=6)
# Addresses may differ for so long after one of them changed: certificates are rolled out.
ROLL_OUT = timedelta(hours=1)
# Where each address has a certificate of its own, one is behind when less of it is left.
_OWN_LEFT = 1 / 3


def judge_names(endpoint: Endpoint, served: Sequence[Served]) -> Iterator[Verdict]:
    """Certificates that do not hold the name that is asked for."""
    wrong = [each for each in served if not each.named]
    if not wrong:
        return
    where, leaf = addresses_of(wrong), wrong[0].leaf
    yield Verdict(
        kind="name_mismatch",
        # A sweep over a network dials addresses, which no client asks for.
        severity="" if _is_bare(endpoint) else KINDS["name_mismatch"].severity,
        summary=f"the certificate {leaf} is not for {endpoint.expected_name}"
        f"{at_addresses(where, len(served))}",
        certificate_id=leaf.pk,
        facts={"expected": endpoint.expected_name, "addresses": where},
    )


def _is_bare(endpoint: Endpoint) -> bool:
    if endpoint.server_name or endpoint.source_id is None:
        return False
    try:
        ip_address(endpoint.host)
    except ValueError:
        return False
    return True


def judge_protocols(endpoint: Endpoint, served: Sequence[Served]) -> Iterator[Verdict]:
    """Servers that speak nothing newer than what is outdated."""
    old = [each for each in served if each.observation.legacy]
    if not old:
        return
    where = addresses_of(old)
    spoken = sorted(
        {f"{each.observation.tls_version} {each.observation.cipher}".strip() for each in old} - {""}
    )
    yield Verdict(
        kind="legacy_protocol",
        severity=KINDS["legacy_protocol"].severity,
        summary=f"speaks only {', '.join(spoken) or 'outdated TLS'}"
        f"{at_addresses(where, len(served))}",
        certificate_id=old[0].leaf.pk,
        facts={"spoken": spoken, "addresses": where},
    )


def judge_silence(
    endpoint: Endpoint, current: Sequence[Observation], *, now: datetime
) -> Iterator[Verdict]:
    """An endpoint that cannot be read, or some of its addresses."""
    severity = KINDS["unreachable"].severity
    if endpoint.failing_since is not None:
        if now - endpoint.failing_since >= UNREACHABLE_AFTER:
            never = endpoint.seen_at is None and endpoint.source_id is not None
            why = endpoint.detail or endpoint.get_result_display()
            yield Verdict(
                kind="unreachable",
                # What a source proposed and never answered is no outage.
                severity="" if never else severity,
                summary=f"no chain read since {endpoint.failing_since:%Y-%m-%d %H:%M} UTC: {why}",
                facts={"result": endpoint.result, "since": endpoint.failing_since.isoformat()},
            )
        return
    silent = [
        row for row in current
        if row.result != Result.OK and now - _silent_since(row) >= UNREACHABLE_AFTER
    ]  # fmt: skip
    if silent:
        where = sorted({row.address for row in silent})
        since = min(map(_silent_since, silent))
        yield Verdict(
            kind="unreachable",
            severity=severity,
            summary=f"no chain read since {since:%Y-%m-%d %H:%M} UTC"
            f"{at_addresses(where, len(current))}",
            key="addresses",
            facts={"addresses": where, "since": since.isoformat()},
        )


def _silent_since(row: Observation) -> datetime:
    """Also where it failed in another way before."""
    since = row.facts.get("silent_since")
    return datetime.fromisoformat(since) if since else row.first_seen_at


def next_silence(
    endpoint: Endpoint, current: Sequence[Observation], now: datetime
) -> datetime | None:
    """When silence becomes a finding."""
    began = [_silent_since(row) for row in current if row.result != Result.OK]
    if endpoint.failing_since is not None:
        began = [endpoint.failing_since]
    moments = (moment + UNREACHABLE_AFTER for moment in began)
    return min((moment for moment in moments if moment > now), default=None)


def judge_addresses(
    endpoint: Endpoint,
    served: Sequence[Served],
    names: Mapping[int, frozenset[str]],
    *,
    now: datetime,
) -> tuple[Verdict | None, datetime | None]:
    """Addresses that serve what is older or worse than the others do; when to ask again.

    `names`: of each certificate. Different certificates that are equally good are none.
    """
    if len({each.leaf.pk for each in served}) < 2:
        return None, None
    behind, again = _behind(served, names, now)
    worse = _worse(served)
    where = addresses_of([*behind, *worse])
    if not where:
        return None, again
    old = [*behind, *worse][0]
    best = max(
        (each for each in served if each.observation.address not in where), key=_age,
        default=None,
    )  # fmt: skip
    than = f", others {_described(best.leaf)}" if best else ""
    verdict = Verdict(
        kind="inconsistent_addresses",
        severity=KINDS["inconsistent_addresses"].severity,
        summary=f"serves {_described(old.leaf)}{at_addresses(where, len(served))}"
        f"{than}",
        certificate_id=old.leaf.pk,
        facts={
            "addresses": where,
            "certificates": {
                each.observation.address: each.leaf.sha256 for each in served
            },
        },
    )  # fmt: skip
    return verdict, again


def _age(each: Served) -> tuple[datetime, datetime]:
    return each.leaf.not_before, each.leaf.not_after


def _described(leaf: Certificate) -> str:
    return f"{leaf} of {leaf.not_before:%Y-%m-%d} until {leaf.not_after:%Y-%m-%d}"


def _behind(
    served: Sequence[Served], names: Mapping[int, frozenset[str]], now: datetime
) -> tuple[list[Served], datetime | None]:
    """Those with an older certificate for the same names than another address has."""
    alike: dict[frozenset[str], list[Served]] = defaultdict(list)
    for each in served:
        alike[names.get(each.leaf.pk, frozenset())].append(each)
    behind: list[Served] = []
    moments: list[datetime] = []
    for group in alike.values():
        newest = max(group, key=_age)
        # Nodes that renew each its own, or a certificate that all are to have?
        counts = Counter(each.leaf.pk for each in group)
        own = all(count == 1 for count in counts.values())
        changed = min(
            each.observation.first_seen_at for each in group if each.leaf.pk == newest.leaf.pk
        )
        for each in group:
            if _age(each) >= _age(newest):
                continue
            due = each.observation.first_seen_at
            if changed > due:
                due = changed + ROLL_OUT
            if own:
                span = each.leaf.not_after - each.leaf.not_before
                due = max(due, each.leaf.not_after - span * _OWN_LEFT)
            if due <= now:
                behind.append(each)
            else:
                moments.append(due)
    return behind, min(moments, default=None)


def _worse(served: Sequence[Served]) -> list[Served]:
    """Those with a wrong name or an untrusted chain, where another address has neither."""
    if not any(each.named and each.trusted for each in served):
        return []
    return [each for each in served if not (each.named and each.trusted)]

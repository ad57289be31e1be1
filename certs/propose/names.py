"""Names that turned up become proposals, where they are below a domain of ours."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count

from certs.models import Domain, Endpoint, Proposal
from certs.propose.enlist import enlist
from certs.x509.names import HostError, ascii_host
from opsportal.lib.ids import IdIn

USUAL: tuple[Mapping[str, Any], ...] = ({"port": 443, "protocol": "tls"},)
_Key = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class Turned:
    """A name that turned up, and how: as an endpoint's provenance."""

    name: str
    provenance: Sequence[Mapping[str, Any]]


def propose_names(
    turned: Iterable[Turned], *, now: datetime, domains: Sequence[Domain] | None = None
) -> int:
    """A proposal for each port of each name that is not known yet; how many.

    In the caller's transaction. What was refused stays refused; a domain that has its fill takes
    no more. Without domains nothing is asked but that.
    """
    known = Domain.objects.select_related("team")
    by_name = {row.name: row for row in (known if domains is None else domains)}
    if not by_name:
        return 0
    wanted: dict[_Key, tuple[Domain, Turned]] = {}
    for each in turned:
        host = _host(each.name)
        domain = domain_of(host, by_name)
        for place in (domain.ports or USUAL) if domain else ():
            wanted.setdefault((host, place["port"], place["protocol"]), (domain, each))  # type: ignore[arg-type]
    for key in _taken(sorted({key[0] for key in wanted})):
        wanted.pop(key, None)
    new = _within_limits(wanted, now) if wanted else []
    Proposal.objects.bulk_create(new, batch_size=500, ignore_conflicts=True)
    accepted = [row for row in new if row.state == Proposal.State.ACCEPTED]
    enlist(accepted, now=now)
    return len(new)


def domain_of(host: str, domains: Mapping[str, Domain]) -> Domain | None:
    """The closest that it is below, or is."""
    rest = host
    while rest:
        if rest in domains:
            return domains[rest]
        _, _, rest = rest.partition(".")
    return None


def _host(name: str) -> str:
    """Without its wildcard, in A-labels; nothing where it is no host."""
    try:
        return ascii_host(name.removeprefix("*."))
    except HostError:
        return ""


def _taken(hosts: Sequence[str]) -> set[_Key]:
    """Those of which somebody has decided, or that are watched already."""
    found: set[_Key] = set()
    for model in (Proposal, Endpoint):
        rows = model._default_manager.filter(IdIn(hosts, "host")).order_by()
        found |= set(rows.values_list("host", "port", "protocol"))
    return found


def _within_limits(wanted: Mapping[_Key, tuple[Domain, Turned]], now: datetime) -> list[Proposal]:
    domains = sorted({domain.pk for domain, _ in wanted.values()})
    counts = Proposal.objects.filter(domain__in=domains).order_by().values_list("domain")
    there: Counter[int] = Counter(dict(counts.annotate(Count("id"))))
    new = []
    for (host, port, protocol), (domain, each) in wanted.items():
        if there[domain.pk] >= settings.CERTS_MOST_PROPOSALS:
            continue
        there[domain.pk] += 1
        row = Proposal(
            domain=domain, host=host, port=port, protocol=protocol, first_seen_at=now,
            provenance=[dict(step) for step in each.provenance],
        )  # fmt: skip
        if domain.accept:
            row.state, row.decided_by = Proposal.State.ACCEPTED, f"domain {domain.name}"[:200]
            row.decided_at = now
        new.append(row)
    return new

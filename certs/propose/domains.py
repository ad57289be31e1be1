"""Domains of ours: saved and removed; each deed audited and on the timeline."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from certs.judge import mark_all
from certs.models import CertificateName, Domain, Proposal
from certs.propose.enlist import enlist
from certs.propose.names import Turned, propose_names
from certs.tls import PROTOCOLS
from certs.x509.names import HostError, ascii_host
from chronos.trail import State, check_columns, record_deleted, record_saved, save_row, team_name
from opsportal.accounts.actors import Actor
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.times import format_instant

# What whose certificates are follows from.
_OWNING = ("name", "team", "environment")
_MOST_PORTS = 20
_LONGEST = 200


def save_domain(domain: Domain, *, actor: Actor, now: datetime) -> None:
    """Store it; names that are known already are proposed. Raises PayloadError, ConflictError."""
    _check(domain)
    check_columns(domain)
    with transaction.atomic():
        known = Domain.objects.select_for_update().filter(pk=domain.pk).first()
        before, after = state_of(known) if known else None, state_of(domain)
        if before == after:
            return
        save_row(domain)
        record_saved(domain, before, after, actor=actor, now=now)
        if domain.accept:
            _accept_all(domain, now)
        _propose_known(domain, now)
        if before is None or any(before[name] != after[name] for name in _OWNING):
            _judge_anew({domain.name, known.name if known else domain.name}, now)


def delete_domain(domain: Domain, *, actor: Actor, now: datetime) -> None:
    """Remove it with its proposals; endpoints stay."""
    with transaction.atomic():
        record_deleted(domain, state_of(domain), actor=actor, now=now)
        domain.delete()
        _judge_anew({domain.name}, now)


def _judge_anew(domains: Iterable[str], now: datetime) -> None:
    """Certificates for names below: they say whose they are."""
    for name in domains:
        below = Q(key=name) | Q(reversed_key__startswith=f".{name}"[::-1])
        mark_all(CertificateName.objects.filter(below).values("certificate_id"), now=now)


def state_of(domain: Domain) -> State:
    """For the trail."""
    names = ("name", "environment", "ports", "accept", "note")
    return {
        **{name: getattr(domain, name) for name in names},
        "team": team_name(domain.team),
    }


def _accept_all(domain: Domain, now: datetime) -> None:
    waiting = Proposal.objects.filter(domain=domain, state=Proposal.State.PROPOSED)
    rows = list(waiting.select_related("domain"))
    for row in rows:
        row.state, row.decided_at = Proposal.State.ACCEPTED, now
        row.decided_by = f"domain {domain.name}"[:200]
    Proposal.objects.bulk_update(rows, ["state", "decided_by", "decided_at"], batch_size=500)
    enlist(rows, now=now)


def _propose_known(domain: Domain, now: datetime) -> None:
    """The names of certificates that are stored, the newest first; as many as the domain takes."""
    most = settings.CERTS_MOST_PROPOSALS
    rows = CertificateName.objects.filter(kind__in=("dns", "cn")).select_related("certificate")
    below = rows.filter(reversed_key__startswith=f".{domain.name}"[::-1])
    found = [*rows.filter(key=domain.name)[:1], *below.order_by("-id")[: most * 2]]
    propose_names(
        [
            Turned(
                row.value,
                [{"from": "certificate", "what": row.certificate.title, "at": format_instant(now)}],
            )
            for row in found
        ],
        now=now,
    )


def _check(domain: Domain) -> None:
    errors = []
    try:
        domain.name = ascii_host(domain.name.removeprefix("*.").removeprefix("."))
    except HostError as error:
        errors.append(FieldError("name", error.message))
    if not errors and ("." not in domain.name or domain.name.rpartition(".")[2].isdigit()):
        errors.append(FieldError("name", "must be a domain with a dot, such as example.com"))
    if complaint := _complaint(domain.ports):
        errors.append(FieldError("ports", complaint))
    if errors:
        text = "; ".join(f"{each.field}: {each.message}" for each in errors)
        raise PayloadError(f"The domain is not right: {text}", errors)


def _complaint(ports: Any) -> str:
    if not isinstance(ports, list) or len(ports) > _MOST_PORTS:
        return f"must be a list of at most {_MOST_PORTS}, such as 443 and smtp://25"
    for place in ports:
        if not isinstance(place, dict) or set(place) != {"port", "protocol"}:
            return 'each is {"port": 443, "protocol": "tls"}'
        if type(place["port"]) is not int or not 1 <= place["port"] <= 65535:
            return "a port is from 1 to 65535"
        if not isinstance(place["protocol"], str) or place["protocol"] not in PROTOCOLS:
            return f"a protocol is one of {', '.join(PROTOCOLS)}"
    return ""

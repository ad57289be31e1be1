"""What alerts say, and the labels that matchers ask for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from alerts.normalise import AlertEvent, Link
from certs.judge.expiry import days_left, when
from certs.judge.known import Known, World, above
from certs.kinds import KINDS
from certs.models import Certificate, Endpoint, Finding, Source

SOURCE = "certs"
_MOST_ENDPOINTS, _MOST_NAMES = 20, 10
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Told:
    """What findings are about."""

    certificates: Mapping[int, Certificate]
    known: Mapping[int, Known]
    world: World
    now: datetime


def firing(key: str, findings: Sequence[Finding], told: Told, *, severity: str = "") -> AlertEvent:
    """The worst comes first and names it; of what has ended (with its severity), the end."""
    first = findings[0]
    certificate = told.certificates.get(first.certificate_id or 0)
    endpoint = told.world.endpoints.get(first.endpoint_id or 0)
    source = told.world.sources.get(first.source_id or 0)
    kind = KINDS.get(first.kind)
    subject = endpoint or source or certificate
    return AlertEvent(
        # Of one name from its first threshold to its end.
        name="Certificate expires" if key.endswith(":end") else _name(first),
        dedup_key=key,
        severity=severity or first.severity,
        summary=_summary(first, subject, certificate, told)[:1024],
        description=_description(findings, certificate, endpoint, told)[:8000],
        source=SOURCE,
        service=_of("service", endpoint, certificate)[:200],
        resource=str(subject)[:300],
        environment=_of("environment", endpoint, certificate, source)[:100],
        labels=_labels(first, certificate, endpoint, source, told),
        annotations={"remedy": kind.remedy} if kind else {},
        links=tuple(_links(subject, certificate)),
        starts_at=min(row.opened_at for row in findings),
        team_id=_team(endpoint, certificate, source),
    )


def _name(finding: Finding) -> str:
    kind = KINDS.get(finding.kind)
    return kind.title if kind else finding.kind


def _of(field: str, *rows: Any) -> str:
    return next((value for row in rows if (value := getattr(row, field, ""))), "")


def _team(*rows: Endpoint | Certificate | Source | None) -> int | None:
    return next((row.team_id for row in rows if row is not None and row.team_id), None)


def _summary(finding: Finding, subject: object, certificate: Certificate | None, told: Told) -> str:
    if finding.closed_at is not None:
        return f"{subject}: {_ended(finding, certificate, told)}"
    said = finding.summary
    if finding.kind == "expiring" and certificate is not None:
        # By the clock of now, since it may have been found while nobody could be told.
        said = f"expires {when(certificate.not_after, told.now)}"
    if certificate is None or finding.endpoint_id is not None:
        return f"{subject}: {said}"
    served = _served(told.known[certificate.pk])
    return f"{subject} {said}{f', {served}' if finding.kind != 'stale_served' else ''}"


def _served(known: Known) -> str:
    if count := len(known.endpoint_ids):
        return f"served at {count} endpoint{'' if count == 1 else 's'}"
    return "stored and not seen to be served"


def _ended(finding: Finding, certificate: Certificate | None, told: Told) -> str:
    new = certificate.replaced_by if certificate else None
    if finding.closed_reason == "renewed" and new is not None:
        return (
            f"renewed; the new one is seen in its place and expires "
            f"{when(new.not_after, told.now)}, serial {new.serial[:40]}"
        )
    return finding.closed_reason or "fixed"


def _description(
    findings: Sequence[Finding],
    certificate: Certificate | None,
    endpoint: Endpoint | None,
    told: Told,
) -> str:
    parts = []
    for row in findings:
        kind = KINDS.get(row.kind)
        parts.append(f"{_name(row)}: {row.summary}.")
        if row.closed_at is None and kind:
            parts.append(f"{kind.meaning} {kind.remedy}")
    if certificate is not None:
        parts += _of_certificate(certificate, endpoint, told)
    return "\n".join(parts)


def _of_certificate(row: Certificate, endpoint: Endpoint | None, told: Told) -> list[str]:
    known, world = told.known[row.pk], told.world
    names = ", ".join(known.names[:_MOST_NAMES]) + _more(len(known.names) - _MOST_NAMES)
    parts = [f"Certificate {row.title}, issued by {row.issuer_title}, serial {row.serial[:40]}."]
    if names:
        parts.append(f"Names: {names}.")
    where = sorted(f"{world.endpoints[pk]}" for pk in known.endpoint_ids if pk in world.endpoints)
    if where and endpoint is None:
        shown = ", ".join(where[:_MOST_ENDPOINTS]) + _more(len(where) - _MOST_ENDPOINTS)
        parts.append(f"Served at {len(where)}: {shown}.")
    stored = sorted(
        f"{world.sources[place.source_id].name}: {place.locator[:200]}" for place in known.places
    )
    if stored:
        shown = "; ".join(stored[:_MOST_NAMES]) + _more(len(stored) - _MOST_NAMES)
        parts.append(f"Stored in {shown}.")
    parts.append(f"Whose: {row.owned_by}." if row.owned_by else "Whose it is, no rule says.")
    return parts


def _more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""


def _labels(
    finding: Finding,
    certificate: Certificate | None,
    endpoint: Endpoint | None,
    source: Source | None,
    told: Told,
) -> dict[str, str]:
    labels = {"finding": finding.kind}
    if endpoint is not None:
        labels |= {"endpoint": str(endpoint), "host": endpoint.host, "port": str(endpoint.port),
                   "protocol": endpoint.protocol}  # fmt: skip
    names = {source.name} if source is not None else set()
    if certificate is not None:
        known = told.known[certificate.pk]
        names |= {told.world.sources[pk].name for pk in known.source_ids}
        lifetime = max((certificate.not_after - certificate.not_before).total_seconds(), 0)
        labels |= {
            "certificate": certificate.title,
            "certificate_id": str(certificate.pk),
            "domain": domain_of(known, certificate, told.world),
            "issuer": certificate.issuer_title,
            "owner": certificate.team.name if certificate.team else "",
            "days_left": str(days_left(certificate.not_after, told.now)),
            "lifetime_days": f"{lifetime / DAY:.2f}".rstrip("0").rstrip("."),
            "use": certificate.use,
            "endpoints": str(len(known.endpoint_ids)),
        }
    labels["sources"] = ",".join(sorted(names))
    return {name: value[:300] for name, value in labels.items() if value}


def domain_of(known: Known, row: Certificate, world: World) -> str:
    """Ours that holds a name of it; else the name itself without its first label, if that is one
    below a domain."""
    for name in known.names:
        if (domain := world.domain_of(name)) is not None:
            return domain.name
    first = next(iter(known.names), row.title)
    parents = above(first)
    # Without a list of public suffixes, the last two labels.
    return parents[-2] if len(parents) > 1 else first


def _links(
    subject: Certificate | Endpoint | Source | None, certificate: Certificate | None
) -> list[Link]:
    links = []
    if certificate is not None:
        links.append(Link(settings.PUBLIC_URL + certificate.get_absolute_url(), "Certificate"))
    if subject is not None and subject is not certificate:
        noun = "Endpoint" if isinstance(subject, Endpoint) else "Source"
        links.append(Link(settings.PUBLIC_URL + subject.get_absolute_url(), noun))
    return links

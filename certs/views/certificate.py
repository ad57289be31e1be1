"""One certificate: what it says, where it is, what is wrong with it, what became of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from certs.issuers import issuers_of
from certs.models import Certificate, Finding, Placement, Revocation, ServedCertificate
from certs.pem import certificate_pem, pem_file_name
from certs.views.alert_state import alert_state_of
from certs.views.chain import ShownChain, chain_view
from certs.wording import visible
from opsportal.accounts.models import Team
from opsportal.accounts.pages import portal_page, render_page
from opsportal.accounts.permissions import can_respond
from opsportal.lib.times import utc_now

# Of each list; what is past, and what it shares its key with, is shown shorter.
MOST, FEW, UNFOLDED, HISTORY = 50, 20, 12, 40


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to it."""

    at: datetime
    what: str
    where: str = ""
    url: str = ""


@portal_page
@require_safe
def show_certificate(request: HttpRequest, certificate_id: int) -> HttpResponse:
    """The page."""
    rows = Certificate.objects.select_related("team", "lineage", "replaced_by").defer(
        "der", "replaced_by__der", "replaced_by__details"
    )
    row = get_object_or_404(rows, pk=certificate_id)
    names = list(row.names.order_by("id"))
    placements = list(
        Placement.objects.filter(certificate=row).select_related("source")
        .order_by("-id")[: MOST + 1]
    )  # fmt: skip
    present = [each for each in placements if each.gone_at is None]
    served = _served(row, True, MOST)
    past = _served(row, False, FEW)
    findings = list(
        Finding.objects.filter(certificate=row)
        .select_related("endpoint").order_by("-id")[: MOST + 1]
    )  # fmt: skip
    issuers = issuers_of(row)
    top = issuers[-1] if issuers else row
    context = {
        "title": f"Certificate {visible(row)}",
        "row": row,
        "names": names,
        "names_shown": names[:UNFOLDED],
        "names_folded": names[UNFOLDED:],
        "issuers": issuers,
        "chain": _chain(served, now=utc_now()),
        "missing": "" if top.self_signed else top.issuer_title or "its issuer",
        "issued": list(_issued(row)[: FEW + 1]) if row.is_ca else [],
        "present": present[:MOST],
        "gone": [each for each in placements if each.gone_at is not None][:FEW],
        "served": served[:MOST],
        "past": past[:FEW],
        "findings": [each for each in findings if each.closed_at is None],
        "closed": [each for each in findings if each.closed_at is not None][:FEW],
        "lineage": _lineage(row),
        "same_key": _same_key(row),
        "revocation": Revocation.objects.filter(certificate=row).first(),
        "history": sorted(
            _history(row, placements, [*served, *past], findings), key=lambda s: s.at, reverse=True
        )[:HISTORY],
        "most": MOST,
        "served_more": len(served) > MOST,
        "placed_more": len(placements) > MOST,
        "teams": list(Team.objects.values_list("name", flat=True)[:200]),
        "may_act": can_respond(request.user, row.team_id),
    }
    context |= alert_state_of(request, row, now=utc_now())
    return render_page(request, "certs/certificate.html", context)


@portal_page
@require_safe
def download_pem(request: HttpRequest, certificate_id: int) -> HttpResponse:
    """The certificate in PEM (RFC 7468)."""
    row = get_object_or_404(Certificate, pk=certificate_id)
    return HttpResponse(
        certificate_pem(row),
        content_type="application/x-pem-file",
        headers={"Content-Disposition": f'attachment; filename="{pem_file_name(row)}"'},
    )


def _served(row: Certificate, now: bool, most: int) -> list[ServedCertificate]:
    return list(
        ServedCertificate.objects.filter(certificate=row, observation__serving=now)
        .select_related("observation__endpoint")
        .order_by("-id")[: most + 1]
    )


def _chain(served: Sequence[ServedCertificate], *, now: datetime) -> ShownChain | None:
    """As it was served last, where it is the leaf."""
    first = next((each for each in served if each.position == 0), None)
    return chain_view(first.observation, now=now) if first else None


def _issued(row: Certificate) -> Any:
    found = Certificate.objects.filter(issuer_key=row.subject_key).exclude(pk=row.pk)
    return found.defer("der", "details").order_by("-id")


def _lineage(row: Certificate) -> list[Certificate]:
    if row.lineage_id is None:
        return []
    found = Certificate.objects.filter(lineage=row.lineage_id).defer("der", "details")
    return list(found.order_by("-not_after", "-id")[:FEW])


def _same_key(row: Certificate) -> list[Certificate]:
    found = Certificate.objects.filter(spki_sha256=row.spki_sha256).exclude(pk=row.pk)
    return list(found.defer("der", "details").order_by("-id")[:FEW])


def _history(
    row: Certificate,
    placements: Sequence[Placement],
    served: Sequence[ServedCertificate],
    findings: Sequence[Finding],
) -> Iterator[Step]:
    yield Step(row.first_seen_at, "first seen")
    for place in placements:
        url = place.source.get_absolute_url()
        yield Step(place.first_seen_at, f"stored in {place.source}", place.locator, url)
        if place.gone_at:
            yield Step(place.gone_at, f"gone from {place.source}", place.locator, url)
    for each in served:
        seen = each.observation
        where = str(seen.endpoint)
        address = f" ({seen.address})" if seen.address else ""
        url = seen.endpoint.get_absolute_url()
        yield Step(seen.first_seen_at, f"served at {where}{address}", "", url)
        if not seen.serving:
            yield Step(seen.last_seen_at, f"last served at {where}{address}", "", url)
    for finding in findings:
        yield Step(finding.opened_at, "found", finding.summary)
        if finding.closed_at:
            closed = f"closed: {finding.closed_reason}" if finding.closed_reason else "closed"
            yield Step(finding.closed_at, closed, finding.summary)
    if row.retired_at:
        yield Step(row.retired_at, f"retired by {row.retired_by}", row.retired_reason)

"""An inventory of a handful, one of each sort, for tests of what finds and shows them."""

from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

from certs.models import Certificate, Endpoint, Finding, Source
from opsportal.accounts.models import Team
from tests.certs.making import (
    make_certificate,
    make_endpoint,
    make_observation,
    make_placement,
    make_source,
)
from tests.certs.pki import DAY, NOW, Issued, intermediate, root

SERIAL = 0x0ABBA0000000000000000000000000C0DE


def make_inventory() -> Mapping[str, Certificate]:
    """By a short name; as of NOW, `api` is served and has 10 days left."""
    authority = intermediate(root("Example Root"), "Example CA 1")
    team = Team.objects.create(name="web")
    files = make_source("files", "files")
    issued = {
        "api": authority.issue(
            "api.example.com", "www.api.example.com", "192.0.2.7", "2001:db8::7",
            not_before=NOW - 80 * DAY, lifetime=90 * DAY, serial=SERIAL,
        ),
        "shop": authority.issue("*.shop.example.com", lifetime=90 * DAY),
        "idn": authority.issue("xn--bcher-kva.example", lifetime=20 * DAY),
        "old": authority.issue("old.example.net", not_before=NOW - 50 * DAY, lifetime=47 * DAY),
        "heard": authority.issue("heard.example.org", lifetime=60 * DAY),
        "gone": authority.issue("gone.example.com", lifetime=60 * DAY),
    }  # fmt: skip
    rows = {name: make_certificate(each) for name, each in issued.items()}
    rows["root"] = make_certificate(authority.root) if authority.root else rows["api"]
    make_observation(make_endpoint("api.example.com"), [issued["api"].der], address="192.0.2.7")
    make_placement(issued["shop"], files, "/etc/tls/shop.pem")
    make_placement(issued["idn"], files, "/etc/tls/idn.pem")
    make_placement(issued["old"], files, "/etc/tls/old.pem")
    Certificate.objects.filter(pk=rows["api"].pk).update(team=team, environment="production")
    Certificate.objects.filter(pk=rows["gone"].pk).update(
        retired_at=NOW, retired_by="alice", retired_reason="moved away"
    )
    make_finding("expiring", "warning", certificate=rows["api"])
    make_finding("weak_key", "high", certificate=rows["shop"], closed_at=NOW)
    for row in rows.values():
        row.refresh_from_db()
    return rows


def make_finding(kind: str, severity: str = "warning", **fields: Any) -> Finding:
    """An open one, unless it is said when it was closed."""
    about = "/".join(f"{name}={getattr(row, 'pk', row)}" for name, row in fields.items())
    given: dict[str, Any] = {
        "summary": f"{kind} of {about}", "opened_at": NOW - DAY, "severity_at": NOW - DAY,
        "judged_at": NOW, "fingerprint": sha256(f"{kind}{about}".encode()).hexdigest(),
    } | fields  # fmt: skip
    return Finding.objects.create(kind=kind, severity=severity, **given)


def make_many(number: int, authority: Issued | None = None) -> list[Certificate]:
    """So many that are stored, served and found wanting, each its own, all soon to expire."""
    authority = authority or intermediate()
    source = Source.objects.filter(name="many").first() or make_source("many")
    rows = []
    for place in range(Endpoint.objects.count(), Endpoint.objects.count() + number):
        name = f"host-{place}.many.example.com"
        lifetime = 10 * DAY + timedelta(minutes=place)
        issued = authority.issue(name, lifetime=lifetime)
        make_placement(issued, source, f"/{name}.pem")
        observation = make_observation(make_endpoint(name), issued)
        row = make_certificate(issued)
        team = Team.objects.create(name=f"team-{place}")
        Certificate.objects.filter(pk=row.pk).update(team=team)
        make_finding("expiring", certificate=row)
        make_finding("untrusted", endpoint=observation.endpoint, certificate=row)
        rows.append(row)
    return rows

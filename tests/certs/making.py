"""Rows as deeds would have made them, for tests that begin later."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from certs.discover import store_certificates, update_use
from certs.discover.placements import store_placements
from certs.discover.stored import Stored
from certs.models import (
    Certificate,
    Endpoint,
    Observation,
    Placement,
    ServedCertificate,
    Source,
)
from certs.normalise import FoundCertificate
from certs.x509 import parse_certificate
from tests.certs.pki import NOW, Issued


def make_certificate(issued: Issued, *, now: datetime = NOW) -> Certificate:
    """Its row."""
    return store_certificates([issued.parsed], now=now)[issued.parsed.sha256]


def make_source(name: str = "files", kind: str = "files", **fields: Any) -> Source:
    """A source that nobody asks."""
    return Source.objects.create(name=name, kind=kind, **fields)


def make_placement(
    issued: Issued, source: Source, locator: str = "/etc/tls/server.pem", *, now: datetime = NOW
) -> Placement:
    """It is stored there."""
    stored = Stored()
    store_placements(source, [FoundCertificate(issued.parsed, locator)], stored, now=now)
    update_use(sorted(stored.touched), now=now)
    return Placement.objects.get(
        source=source, locator=locator, certificate__sha256=issued.parsed.sha256
    )


def make_endpoint(host: str = "api.example.com", port: int = 443, **fields: Any) -> Endpoint:
    """An endpoint that nobody looks at."""
    return Endpoint.objects.create(host=host, port=port, **fields)


def make_observation(
    endpoint: Endpoint,
    chain: Issued | Sequence[bytes],
    *,
    address: str = "192.0.2.1",
    now: datetime = NOW,
    **fields: Any,
) -> Observation:
    """It serves that chain there, as of now; what it served before is past."""
    ders = chain.chain if isinstance(chain, Issued) else list(chain)
    parsed = [parse_certificate(der) for der in ders]
    rows = store_certificates(parsed, now=now)
    before = Observation.objects.filter(endpoint=endpoint, address=address)
    touched = set(
        ServedCertificate.objects.filter(observation__in=before.filter(serving=True)).values_list(
            "certificate_id", flat=True
        )
    )
    before.update(current=False, serving=False)
    leaf = rows[parsed[0].sha256] if parsed else None
    given = {"result": "ok", "tls_version": "TLSv1.3", "serving": bool(parsed), **fields}
    row = Observation.objects.create(
        endpoint=endpoint, address=address, certificate=leaf,
        chain=[each.sha256 for each in parsed], digest=f"{now}{address}"[:64],
        first_seen_at=now, last_seen_at=now, **given,
    )  # fmt: skip
    for position, each in enumerate(parsed):
        ServedCertificate.objects.create(
            observation=row, certificate=rows[each.sha256], position=position
        )
        touched.add(rows[each.sha256].pk)
    Endpoint.objects.filter(pk=endpoint.pk).update(probed_at=now, seen_at=now, judge_at=now)
    update_use(sorted(touched), now=now)
    return row

"""An inventory, as sources and probes would have stored it."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

from certs.models import (
    Certificate,
    CertificateName,
    Endpoint,
    Observation,
    OwnershipRule,
    Placement,
    ServedCertificate,
    Source,
)
from opsportal.accounts.models import Team
from opsportal.lib.insert import insert_rows

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
_CHUNK, _TEAMS, _DOMAINS = 5000, 20, 500
Use = Certificate.Use


def fill(count: int) -> None:
    """So many certificates."""
    teams = [Team.objects.create(name=f"team-{number}") for number in range(_TEAMS)]
    for number, team in enumerate(teams):
        OwnershipRule.objects.create(
            name=f"rule {number}", position=number, team=team, environment="prod",
            match=_match(number),
        )  # fmt: skip
    sources = [
        Source.objects.create(name=f"files {number}", kind="files", team=teams[number])
        for number in range(10)
    ]
    for start in range(0, count, _CHUNK):
        numbers = range(start, min(start + _CHUNK, count))
        rows = [_certificate(number) for number in numbers]
        insert_rows(rows)
        insert_rows([name for row in rows for name in _names(row)])
        insert_rows(
            [
                _placement(row, sources[number % 10])
                for number, row in zip(numbers, rows, strict=True)
                if row.use == Use.PLACED
            ]
        )
        _serve([row for row in rows if row.use == Use.SERVED])


def _match(number: int) -> str:
    return (
        f'{{domain="d{number}.example.com"}}',
        f'{{source="files {number % 10}", path=~"/etc/tls/h[0-9]*{number}[.].*"}}',
        f'{{name=~"h[0-9]*{number:02}[.]d.*"}}',
        f'{{stage="live", domain="d{number}.example.com"}}',
    )[number % 4]


def _digest(kind: str, number: int) -> str:
    return sha256(f"{kind}{number}".encode()).hexdigest()


def _certificate(number: int) -> Certificate:
    use = Use.SERVED if number % 10 < 6 else Use.PLACED if number % 10 < 9 else Use.KNOWN
    # One in fifty has between 0 and 20 days left, the others more than a third of 90.
    left = number % 20 if number % 50 == 0 else 31 + number % 59
    end = NOW + timedelta(days=left, hours=1 + number % 23)
    name = f"h{number}.d{number % _DOMAINS}.example.com"
    issuer = f"CN=Test CA {number % 7},O=Acme {number % 7}"
    return Certificate(
        sha256=_digest("c", number), tbs_sha256=_digest("t", number), der=b"",
        spki_sha256=_digest("k", number), serial=f"{number:x}", subject=f"CN={name}",
        issuer=issuer, subject_key=_digest("s", number), issuer_key=_digest("i", number % 7),
        common_name=name, title=name, issuer_title=f"Acme CA {number % 7}",
        not_before=end - 90 * DAY, not_after=end, key_type="ec", signature_oid="1.2",
        first_seen_at=end - 89 * DAY, last_seen_at=NOW, use=use, judge_at=NOW,
    )  # fmt: skip


def _names(row: Certificate) -> list[CertificateName]:
    values = [("cn", row.title), ("dns", row.title), ("dns", f"www.{row.title}")]
    return [
        CertificateName(
            certificate_id=row.pk, kind=kind, value=value, key=value, reversed_key=value[::-1]
        )
        for kind, value in values
    ]


def _placement(row: Certificate, source: Source) -> Placement:
    return Placement(
        certificate_id=row.pk, source_id=source.pk, locator=f"/etc/tls/{row.title}.pem",
        locator_key=row.sha256, first_seen_at=row.first_seen_at, last_seen_at=NOW,
    )  # fmt: skip


def _serve(rows: list[Certificate]) -> None:
    endpoints = [Endpoint(host=row.title, port=443, created_at=NOW) for row in rows]
    Endpoint.objects.bulk_create(endpoints, batch_size=500)
    seen = [
        Observation(
            endpoint_id=endpoint.pk, address="192.0.2.1", result="ok", certificate_id=row.pk,
            digest=row.sha256, first_seen_at=row.first_seen_at, last_seen_at=NOW, serving=True,
        )
        for endpoint, row in zip(endpoints, rows, strict=True)
    ]  # fmt: skip
    insert_rows(seen)
    insert_rows(
        [
            ServedCertificate(observation_id=each.pk, certificate_id=row.pk, position=0)
            for each, row in zip(seen, rows, strict=True)
        ]
    )

"""An inventory: `python -m benchmarks.certificate_pages.fill CERTIFICATES`."""

import os
import sys
from datetime import timedelta
from hashlib import sha256
from random import Random

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opsportal.settings")
django.setup()

from django.db import connection, transaction

from certs.models import (
    Certificate,
    CertificateName,
    Endpoint,
    Finding,
    Observation,
    Placement,
    ServedCertificate,
    Source,
)
from opsportal.accounts.models import Team
from opsportal.lib.times import utc_now

RANDOM = Random(1)  # noqa: S311
NOW = utc_now()
ISSUERS = ["Let's Encrypt R11", "Let's Encrypt E6", "DigiCert TLS RSA SHA256 2020 CA1",
           "Amazon RSA 2048 M03", *(f"Example Corp Issuing CA {n}" for n in range(16))]  # fmt: skip
ENVIRONMENTS = ("production", "production", "staging", "test", "")
BATCH = 500


def digest(*parts):
    return sha256(repr(parts).encode()).hexdigest()


def certificate(number, teams):
    """Mostly 90 days; some of a year; some long over."""
    life = timedelta(days=RANDOM.choice((47, 90, 90, 90, 398)))
    left = timedelta(seconds=RANDOM.uniform(-0.05, 1) * life.total_seconds())
    issuer = RANDOM.choice(ISSUERS)
    name = f"host-{number}.zone-{number % 500}.example.com"
    return Certificate(
        sha256=digest("c", number), tbs_sha256=digest("t", number),
        spki_sha256=digest("k", number), der=RANDOM.randbytes(1100),
        serial=f"{RANDOM.getrandbits(128):x}", subject=f"CN={name}", issuer=f"CN={issuer}",
        subject_key=digest("s", number), issuer_key=digest("i", issuer), common_name=name,
        title=name, issuer_title=issuer, not_before=NOW + left - life, not_after=NOW + left,
        key_type="ec" if number % 3 else "rsa", key_size=2048, signature_oid="1.2.840.10045.4.3.2",
        signature_name="ecdsa-with-SHA256", signature_hash="sha256", first_seen_at=NOW - life,
        last_seen_at=NOW, use=RANDOM.choice(("served", "served", "placed", "known")),
        team=RANDOM.choice(teams), environment=RANDOM.choice(ENVIRONMENTS),
        details={"key_usage": ["digital_signature"], "extended_key_usage": ["1.3.6.1.5.5.7.3.1"]},
    )  # fmt: skip


def names_of(row, number):
    for value in (row.title, f"www.{row.title}", f"*.apps-{number % 5000}.example.net"):
        yield CertificateName(
            certificate=row, kind="dns", value=value, unicode=value, key=value, unicode_key=value,
            reversed_key=value[::-1],
        )  # fmt: skip


def finding_of(row, number, endpoint):
    kind, severity = RANDOM.choice(
        (("expiring", "warning"), ("unowned", "low"), ("stale_served", "high"), ("expired", "high"))
    )
    closed = NOW if number % 3 else None
    return Finding(
        kind=kind, certificate=row, endpoint=endpoint, fingerprint=digest("f", number),
        severity=severity, summary=f"{row.title}: {kind}", opened_at=NOW, severity_at=NOW,
        judged_at=NOW, closed_at=closed,
    )  # fmt: skip


def fill(count):
    teams = [Team.objects.create(name=f"team-{number}") for number in range(40)] + [None] * 5
    sources = [Source.objects.create(name=f"source-{n}", kind="files") for n in range(20)]
    for start in range(0, count, BATCH):
        with transaction.atomic():
            batch(range(start, min(start + BATCH, count)), teams, sources)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def batch(numbers, teams, sources):
    rows = Certificate.objects.bulk_create([certificate(number, teams) for number in numbers])
    pairs = list(zip(numbers, rows, strict=True))
    CertificateName.objects.bulk_create([n for number, row in pairs for n in names_of(row, number)])
    Placement.objects.bulk_create(
        Placement(
            certificate=row, source=RANDOM.choice(sources), locator=f"/etc/tls/{number}.pem",
            locator_key=digest("l", number), first_seen_at=NOW, last_seen_at=NOW,
        )
        for number, row in pairs if row.use != "known"
    )  # fmt: skip
    served = [(number, row) for number, row in pairs if row.use == "served"]
    endpoints = Endpoint.objects.bulk_create(
        Endpoint(host=row.title, port=443, result="ok", probed_at=NOW, seen_at=NOW)
        for _, row in served
    )
    seen = Observation.objects.bulk_create(
        Observation(
            endpoint=endpoint, address="192.0.2.1", result="ok", certificate=row,
            chain=[row.sha256], tls_version="TLSv1.3", digest=row.sha256, first_seen_at=NOW,
            last_seen_at=NOW, serving=True,
        )
        for endpoint, (_, row) in zip(endpoints, served, strict=True)
    )  # fmt: skip
    ServedCertificate.objects.bulk_create(
        ServedCertificate(observation=each, certificate=row, position=0)
        for each, (_, row) in zip(seen, served, strict=True)
    )
    Finding.objects.bulk_create(
        finding_of(row, number, endpoint if number % 2 else None)
        for endpoint, (number, row) in zip(endpoints, served, strict=True)
        if number % 5 == 0
    )


if __name__ == "__main__":
    fill(int(sys.argv[1]))

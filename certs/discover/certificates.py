"""Certificates become rows, once each."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from certs.discover.storable import storable_json, storable_text
from certs.models import KEY_LENGTH, Certificate, CertificateName
from certs.propose import Turned, propose_names
from certs.x509 import CertName, Parsed
from opsportal.lib.ids import IdIn
from opsportal.lib.insert import insert_rows
from opsportal.lib.times import format_instant

_BATCH = 200


def store_certificates(found: Sequence[Parsed], *, now: datetime) -> Mapping[str, Certificate]:
    """The row of each, by its SHA-256; what is new is stored with its names, and to be judged.

    In the caller's transaction; of two that store the same one, one does.
    """
    # In one order, so that two who store the same do not wait for each other.
    by_digest = {parsed.sha256: parsed for parsed in sorted(found, key=lambda each: each.sha256)}
    known = _known(list(by_digest))
    new = [parsed for digest, parsed in by_digest.items() if digest not in known]
    if new:
        Certificate.objects.bulk_create(
            [_row(parsed, now) for parsed in new], batch_size=_BATCH, ignore_conflicts=True
        )
        fresh = _known([parsed.sha256 for parsed in new])
        known |= fresh
        _store_names([(fresh[parsed.sha256], parsed) for parsed in new])
        propose_names(_turned([(fresh[p.sha256], p) for p in new], now), now=now)
    return known


def _turned(new: Sequence[tuple[Certificate, Parsed]], now: datetime) -> Iterator[Turned]:
    """The hosts that they are for."""
    for row, parsed in new:
        if not parsed.is_ca:
            how = [{"from": "certificate", "what": row.title, "at": format_instant(now)}]
            names = [name.value for name in parsed.names if name.kind in ("dns", "cn")]
            yield from (Turned(name, how) for name in names)


def _known(digests: Sequence[str]) -> dict[str, Certificate]:
    rows = Certificate.objects.filter(IdIn(digests, "sha256")).defer("der")
    return {row.sha256: row for row in rows}


def _store_names(new: Sequence[tuple[Certificate, Parsed]]) -> None:
    """The names of those that have none yet: somebody else may have stored it meanwhile."""
    named = set(
        CertificateName.objects.filter(IdIn([row.pk for row, _ in new], "certificate_id"))
        .order_by()
        .values_list("certificate_id", flat=True)
        .distinct()
    )
    insert_rows(
        [
            _name(row, name)
            for row, parsed in new
            if row.pk not in named
            for name in dict.fromkeys(parsed.names)
        ]
    )


def _name(row: Certificate, name: CertName) -> CertificateName:
    return CertificateName(
        certificate_id=row.pk,
        kind=name.kind,
        value=(value := storable_text(name.value)),
        unicode=(shown := storable_text(name.unicode)),
        key=value[:KEY_LENGTH],
        unicode_key=shown[:KEY_LENGTH],
        reversed_key=value[::-1][:KEY_LENGTH],
    )


def _row(parsed: Parsed, now: datetime) -> Certificate:
    return Certificate(
        sha256=parsed.sha256,
        tbs_sha256=parsed.tbs_sha256,
        spki_sha256=parsed.spki_sha256,
        der=parsed.der,
        serial=parsed.serial[:160],
        subject=storable_text(parsed.subject),
        issuer=storable_text(parsed.issuer),
        subject_key=parsed.subject_key,
        issuer_key=parsed.issuer_key,
        common_name=storable_text(parsed.common_name),
        title=storable_text(_title(parsed))[:KEY_LENGTH],
        issuer_title=storable_text(parsed.issuer_title)[:KEY_LENGTH],
        not_before=parsed.not_before,
        not_after=parsed.not_after,
        key_type=parsed.key_type,
        key_size=parsed.key_size,
        key_curve=parsed.key_curve[:60],
        signature_oid=parsed.signature_oid[:100],
        signature_name=parsed.signature_name[:100],
        signature_hash=parsed.signature_hash[:20],
        is_ca=parsed.is_ca,
        self_signed=parsed.self_signed,
        is_precertificate=parsed.is_precertificate,
        subject_key_id=parsed.subject_key_id[:128],
        authority_key_id=parsed.authority_key_id[:128],
        details=storable_json(parsed.details),
        errors=storable_json(parsed.errors),
        first_seen_at=now,
        last_seen_at=now,
        judge_at=now,
    )


def _title(parsed: Parsed) -> str:
    names = [name.unicode or name.value for name in parsed.names if name.kind != "cn"]
    return parsed.common_name or (names[0] if names else parsed.subject)

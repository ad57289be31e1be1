"""Read a certificate (RFC 5280, 4.1), as far as it can be read.

The reader is our own, since a library refuses the whole for one part that it does not like: a
curve, an extension, a time. Only the signature of a certificate on itself is left to one.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from certs.x509 import oids
from certs.x509.der import SEQUENCE, DerError, Element, bits, element, encode, integer, time
from certs.x509.distinguished import (
    COMMON_NAME,
    Rdns,
    attributes,
    distinguished_name,
    title,
    values,
)
from certs.x509.extensions import each_extension, read_extensions
from certs.x509.keys import Key, read_key
from certs.x509.names import HostError, ascii_host, unicode_host
from certs.x509.parsed import CertName, Parsed
from certs.x509.signatures import read_algorithm, signed_by
from certs.x509.text import visible
from opsportal.lib.errors import PayloadError

# A certificate of 10,000 names has 300 KB.
MAX_BYTES = 1_048_576
# What calendars and time zones can still show: nothing of X.509 is older than the one, and the
# other is a day before the end of datetime, which RFC 5280 (4.1.2.5) uses for "never expires".
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 12, 30, 23, 59, 59, tzinfo=UTC)
# RFC 5280 allows 20.
_MAX_SERIAL_BYTES = 20
_KEPT_SERIAL_BYTES = 64
_MAX_ERRORS = 50
# Each becomes a row; more than one is an old custom.
_MAX_COMMON_NAMES = 100
# What a precertificate and its certificate do not share (RFC 6962, 3.2).
_NEVER_ADDED = {oids.POISON, oids.TIMESTAMPS}


class CertificateError(PayloadError):
    """These bytes are no certificate that anything can be told of."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """A certificate, cut; and what was noticed."""

    whole: Element
    tbs: Element
    algorithm: Element
    signature: Element
    serial: Element
    inner_algorithm: Element
    issuer: Element
    validity: Element
    subject: Element
    spki: Element
    extensions: Element | None
    errors: list[str] = field(default_factory=list)


def parse_certificate(der: bytes) -> Parsed:
    """What the certificate says. Raises CertificateError where it cannot be told apart."""
    if len(der) > MAX_BYTES:
        raise CertificateError(
            f"This is no certificate to read: {len(der)} bytes, and {MAX_BYTES} may be."
        )
    try:
        return _parsed(_cut(der))
    except DerError as error:
        raise CertificateError(f"This is no certificate: {error}.") from error


def _cut(der: bytes) -> _Parts:
    if der and der[0] != SEQUENCE:
        raise DerError(f"it begins with 0x{der[0]:02x}, not with 0x{SEQUENCE:02x}")
    whole = element(der)
    outer = list(whole.children())
    if len(outer) != 3:
        raise DerError(f"the certificate has {len(outer)} parts, not 3")
    tbs = outer[0].expect(SEQUENCE, "what is signed")
    inner = list(tbs.children())
    if inner and inner[0].tag == 0xA0:
        # The version, which changes nothing that is read here.
        del inner[0]
    if len(inner) < 6:
        raise DerError(
            f"what is signed, at byte {tbs.start}, has {len(inner)} parts, not 6 or more"
        )
    extensions = next((each for each in inner[6:] if each.tag == 0xA3), None)
    serial, inner_algorithm, issuer, validity, subject, spki = inner[:6]
    cut = _Parts(
        whole=whole,
        tbs=tbs,
        algorithm=outer[1],
        signature=outer[2],
        serial=serial,
        inner_algorithm=inner_algorithm,
        issuer=issuer,
        validity=validity,
        subject=subject,
        spki=spki,
        extensions=extensions,
    )
    if whole.end < len(der):
        cut.errors.append(f"{len(der) - whole.end} bytes after the certificate are left out.")
    return cut


def _parsed(cut: _Parts) -> Parsed:
    read = read_extensions(cut.extensions)
    errors = cut.errors
    algorithm = read_algorithm(cut.algorithm)
    if cut.inner_algorithm.raw != cut.algorithm.raw:
        errors.append("The algorithm outside of what is signed is not the one inside.")
    key = _key(cut)
    not_before, not_after = _validity(cut, read.details)
    subject, issuer = _name(cut.subject, "subject", errors), _name(cut.issuer, "issuer", errors)
    texts = values(subject, COMMON_NAME)
    if len(texts) > _MAX_COMMON_NAMES:
        errors.append(f"The subject has {len(texts)} common names; {_MAX_COMMON_NAMES} are kept.")
    common = [_common_name(text) for text in texts[:_MAX_COMMON_NAMES]]
    if key.exponent is not None:
        read.details["rsa_exponent"] = key.exponent
    errors.extend(read.errors)
    return Parsed(
        der=cut.whole.raw,
        sha256=_digest(cut.whole.raw),
        tbs_sha256=_digest(_without_ct(cut) if read.kinds & _NEVER_ADDED else cut.tbs.raw),
        spki_sha256=_digest(cut.spki.raw),
        serial=_serial(cut),
        subject=distinguished_name(subject),
        issuer=distinguished_name(issuer),
        subject_key=_digest(cut.subject.raw),
        issuer_key=_digest(cut.issuer.raw),
        issuer_title=title(issuer),
        common_name=common[0].unicode if common else "",
        names=(*common, *read.names),
        not_before=not_before,
        not_after=not_after,
        key_type=key.kind,
        key_size=key.size,
        key_curve=key.curve,
        signature_oid=algorithm.oid,
        signature_name=algorithm.name,
        signature_hash=algorithm.hash,
        is_ca=read.is_ca,
        self_signed=_is_self_signed(cut, key),
        is_precertificate=read.is_precertificate,
        subject_key_id=read.subject_key_id,
        authority_key_id=read.authority_key_id,
        details=read.details,
        errors=_few(errors),
    )


def _digest(raw: bytes) -> str:
    return sha256(raw).hexdigest()


def _few(errors: list[str]) -> tuple[str, ...]:
    if len(errors) <= _MAX_ERRORS:
        return tuple(errors)
    return (*errors[:_MAX_ERRORS], f"And {len(errors) - _MAX_ERRORS} more.")


def _serial(cut: _Parts) -> str:
    number = integer(cut.serial, "the serial number")
    octets = cut.serial.end - cut.serial.body
    if number < 0:
        cut.errors.append("The serial number is negative.")
    if octets > _MAX_SERIAL_BYTES:
        cut.errors.append(f"The serial number has {octets} bytes, {_MAX_SERIAL_BYTES} may be.")
    return f"{number:x}"[: 2 * _KEPT_SERIAL_BYTES]


def _key(cut: _Parts) -> Key:
    try:
        return read_key(cut.spki)
    except DerError as error:
        cut.errors.append(f"The public key cannot be read: {error}.")
        return Key("other")


def _validity(cut: _Parts, details: dict[str, Any]) -> tuple[datetime, datetime]:
    times = list(cut.validity.expect(SEQUENCE, "the validity").children())
    if len(times) != 2:
        raise DerError(f"the validity at byte {cut.validity.start} has {len(times)} times, not 2")
    read = []
    for each, what in zip(times, ("notBefore", "notAfter"), strict=True):
        try:
            read.append(time(each, what))
        except DerError as error:
            # As whoever checks it: a time that is none is not kept.
            cut.errors.append(f"{error}; taken as the year {EARLIEST.year}.")
            read.append(EARLIEST)
    if read[1] > LATEST:
        details["never_expires"] = True
    before, after = (max(EARLIEST, min(each, LATEST)) for each in read)
    if after < before:
        cut.errors.append("notAfter is before notBefore.")
    return before, after


def _name(name: Element, what: str, errors: list[str]) -> Rdns:
    try:
        return attributes(name)
    except DerError as error:
        errors.append(f"The {what} cannot be read: {error}.")
        return []


def _common_name(text: str) -> CertName:
    """A common name is any text, most often a host's name, some with a wildcard."""
    star = "*." if text.startswith("*.") else ""
    try:
        host = ascii_host(text.removeprefix(star))
    except HostError:
        return CertName("cn", visible(text.lower()), visible(text))
    shown = unicode_host(text) if "xn--" in host and text.isascii() else visible(text)
    return CertName("cn", star + host, shown)


def _is_self_signed(cut: _Parts, key: Key) -> bool:
    if cut.subject.raw != cut.issuer.raw:
        return False
    try:
        signature = bits(cut.signature, "the signature")
        algorithm = read_algorithm(cut.algorithm)
        return signed_by(cut.spki.raw, key, algorithm, signature, cut.tbs.raw)
    except ValueError as error:
        cut.errors.append(f"Whether it signed itself cannot be checked: {error}.")
        return False


def _without_ct(cut: _Parts) -> bytes:
    """What is signed, without poison and SCTs (RFC 6962, 3.2).

    A precertificate that a special certificate of the CA signed has that one as its issuer, and
    so another digest than the final certificate.
    """
    if cut.extensions is None:
        return cut.tbs.raw
    try:
        kinds = [kind for kind, _value in each_extension(cut.extensions)]
    except DerError:
        return cut.tbs.raw
    listed = element(cut.extensions.data, cut.extensions.body, cut.extensions.end)
    kept = b"".join(
        each.raw
        for kind, each in zip(kinds, listed.children(), strict=True)
        if kind not in _NEVER_ADDED
    )
    last = encode(0xA3, encode(SEQUENCE, kept)) if kept else b""
    parts = (last if part == cut.extensions else part.raw for part in cut.tbs.children())
    return encode(SEQUENCE, b"".join(parts))


__all__ = ["CertificateError", "parse_certificate"]

"""A certificate's extensions (RFC 5280, 4.2), each on its own: a broken one hides no other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from certs.x509 import oids
from certs.x509.alternative import read_names
from certs.x509.der import (
    BOOLEAN,
    OCTET_STRING,
    SEQUENCE,
    DerError,
    Element,
    bits,
    element,
    integer,
    oid,
)
from certs.x509.parsed import CertName
from certs.x509.text import visible

_URI = 0x86
# Status_request (RFC 7633, RFC 6066): what "must staple" means.
_STATUS_REQUEST = 5
_KEY_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass(slots=True)
class Extensions:
    """What a certificate's extensions say; see `Parsed`."""

    names: list[CertName] = field(default_factory=list)
    is_ca: bool = False
    is_precertificate: bool = False
    subject_key_id: str = ""
    authority_key_id: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    # The kinds that are there.
    kinds: set[str] = field(default_factory=set)


def read_extensions(listed: Element | None) -> Extensions:
    """Read what is listed under [3]; what cannot be read is in `errors`."""
    into = Extensions()
    try:
        for kind, value in each_extension(listed):
            if kind in into.kinds:
                into.errors.append(f"{oids.name(kind)} is there twice; the first counts.")
                continue
            into.kinds.add(kind)
            if reader := _READERS.get(kind):
                try:
                    reader(into, value)
                except DerError as error:
                    into.errors.append(f"{oids.name(kind)} cannot be read: {error}.")
    except DerError as error:
        into.errors.append(f"The extensions cannot be read to their end: {error}.")
    return into


def each_extension(listed: Element | None) -> Iterator[tuple[str, bytes]]:
    """OID and value of each extension. Raises DerError, after those that could be read."""
    if listed is None:
        return
    for read in (
        element(listed.data, listed.body, listed.end).expect(SEQUENCE, "the list").children()
    ):
        parts = list(read.expect(SEQUENCE, "an extension").children())
        if len(parts) == 3:
            parts[1].expect(BOOLEAN, "the mark of what is critical")
        if len(parts) not in (2, 3):
            raise DerError(f"the extension at byte {read.start} has {len(parts)} parts")
        value = parts[-1].expect(OCTET_STRING, "an extension's value")
        yield oid(parts[0], "an extension's kind"), value.content


def _sequence(value: bytes, what: str) -> Element:
    return element(value).expect(SEQUENCE, what)


def _alternative_names(into: Extensions, value: bytes) -> None:
    read_names(_sequence(value, "the list of names"), into.names, into.errors)


def _basic_constraints(into: Extensions, value: bytes) -> None:
    for part in _sequence(value, "the constraint").children():
        if part.tag == BOOLEAN:
            into.is_ca = any(part.content)
        else:
            length = integer(part, "the length of the path")
            # Longer paths than this nobody walks; a number of a thousand digits nobody stores.
            into.details["path_length"] = max(min(length, 1_000_000), -1)


def _key_usage(into: Extensions, value: bytes) -> None:
    mask = "".join(f"{byte:08b}" for byte in bits(element(value), "the usages")[:2])
    into.details["key_usage"] = [
        name for name, bit in zip(_KEY_USAGES, mask, strict=False) if bit == "1"
    ]


def _extended_key_usage(into: Extensions, value: bytes) -> None:
    into.details["extended_key_usage"] = [
        oid(each) for each in _sequence(value, "the usages").children()
    ]


def _policies(into: Extensions, value: bytes) -> None:
    into.details["policies"] = [
        oid(next(each.children(), each)) for each in _sequence(value, "the policies").children()
    ]


def _subject_key_id(into: Extensions, value: bytes) -> None:
    into.subject_key_id = _key_id(element(value).expect(OCTET_STRING, "the identifier"))


def _authority_key_id(into: Extensions, value: bytes) -> None:
    for part in _sequence(value, "the identifier").children():
        if part.tag == 0x80:
            into.authority_key_id = _key_id(part)


def _key_id(read: Element) -> str:
    # A SHA-512 has 64 bytes; longer ones are of nobody who wants to be found.
    if read.end - read.body > 64:
        raise DerError(f"the identifier has {read.end - read.body} bytes")
    return read.content.hex()


def _authority_access(into: Extensions, value: bytes) -> None:
    for access in _sequence(value, "the access").children():
        parts = list(access.expect(SEQUENCE, "an access").children())
        if len(parts) != 2 or parts[1].tag != _URI:
            continue
        if where := {oids.OCSP: "ocsp_urls", oids.CA_ISSUERS: "issuer_urls"}.get(oid(parts[0])):
            into.details.setdefault(where, []).append(_uri(parts[1]))


def _crl_points(into: Extensions, value: bytes) -> None:
    # Only where a whole CRL is: [0] distributionPoint, [0] fullName, [6] URI.
    for point in _sequence(value, "the points").children():
        for part in point.children():
            if part.tag != 0xA0:
                continue
            for full in part.children():
                if full.tag == 0xA0:
                    urls = [_uri(name) for name in full.children() if name.tag == _URI]
                    into.details.setdefault("crl_urls", []).extend(urls)


def _uri(read: Element) -> str:
    return visible(read.content.decode("utf-8", "replace"))


def _timestamps(into: Extensions, value: bytes) -> None:
    # RFC 6962, 3.3: a list with its length before it, and each item too.
    data = element(value).expect(OCTET_STRING, "the list").content
    if len(data) < 2 or int.from_bytes(data[:2], "big") != len(data) - 2:
        raise DerError("the list's length is not its own")
    at, many = 2, 0
    while at < len(data):
        at += 2 + int.from_bytes(data[at : at + 2], "big")
        many += 1
    if at != len(data):
        raise DerError("the last timestamp is cut")
    into.details["scts"] = many


def _features(into: Extensions, value: bytes) -> None:
    features = [integer(each) for each in _sequence(value, "the features").children()]
    if _STATUS_REQUEST in features:
        into.details["must_staple"] = True


def _poison(into: Extensions, _value: bytes) -> None:
    into.is_precertificate = True


_READERS: dict[str, Callable[[Extensions, bytes], None]] = {
    oids.ALTERNATIVE_NAMES: _alternative_names,
    oids.BASIC_CONSTRAINTS: _basic_constraints,
    oids.KEY_USAGE: _key_usage,
    oids.EXTENDED_KEY_USAGE: _extended_key_usage,
    oids.POLICIES: _policies,
    oids.SUBJECT_KEY_ID: _subject_key_id,
    oids.AUTHORITY_KEY_ID: _authority_key_id,
    oids.AUTHORITY_ACCESS: _authority_access,
    oids.CRL_POINTS: _crl_points,
    oids.TIMESTAMPS: _timestamps,
    oids.FEATURES: _features,
    oids.POISON: _poison,
}

"""PKCS#12 (RFC 7292): certificates and their names; private keys stay shut."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from certs.x509.containers.ber import to_definite
from certs.x509.containers.contents import Gathering
from certs.x509.containers.pbe import Budget, Password, PasswordError, check_mac, decrypt
from certs.x509.der import OCTET_STRING, SEQUENCE, DerError, Element, element, oid
from certs.x509.distinguished import string

_DATA, _ENCRYPTED = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.6"
_BAG = "1.2.840.113549.1.12.10.1."
_KEYS, _CERTIFICATE, _NESTED = {f"{_BAG}1", f"{_BAG}2"}, f"{_BAG}3", f"{_BAG}6"
_X509 = "1.2.840.113549.1.9.22.1"
_FRIENDLY_NAME, _LOCAL_KEY_ID = "1.2.840.113549.1.9.20", "1.2.840.113549.1.9.21"
_MAX_DEPTH = 5


@dataclass(slots=True)
class _Bags:
    """What was in the bags: certificates with alias and key id, and the key ids of keys."""

    certificates: list[tuple[bytes, str, bytes]]
    keys: list[bytes]


def read_pkcs12(read: Element, passwords: Sequence[str], gathered: Gathering) -> None:
    """Its certificates, by whichever password opens it; what is not encrypted, without."""
    parts = list(read.children())
    bags, budget = _Bags([], []), Budget()
    kind, safe = _content_info(parts[1])
    if kind != _DATA:
        raise DerError("a PKCS#12 that is signed by a key is not known")
    data = _octets(safe)
    mac = parts[2] if len(parts) > 2 else None
    tried: list[Password] = [None, "", *(each for each in passwords if each)]
    if mac:
        tried = _opening(mac, data, tried, budget, gathered)
    shut = not tried
    for each in element(data).expect(SEQUENCE, "the safe").children():
        kind, content = _content_info(each)
        if kind == _DATA:
            _read_bags(_octets(content), bags)
        elif kind == _ENCRYPTED:
            shut |= not _open(content, tried, budget, bags, gathered)
        else:
            gathered.note("A part that is encrypted to a key.")
    if shut:
        gathered.trouble(_wrong(passwords))
    _gather(bags, gathered)


def _wrong(passwords: Sequence[str]) -> str:
    if not any(passwords):
        return "The PKCS#12 file wants a password, and none is given."
    return "None of the passwords given opens the PKCS#12 file, or it is damaged."


def _opening(
    mac: Element, data: bytes, tried: list[Password], budget: Budget, gathered: Gathering
) -> list[Password]:
    """The password by which the file is as it was made; all where that cannot be found out."""
    try:
        return [next(each for each in tried if check_mac(mac, data, each, budget))]
    except StopIteration:
        return []
    except DerError as error:
        gathered.trouble(f"Whether the PKCS#12 file is whole cannot be checked: {error}.")
        return tried


def _open(
    content: Element, tried: Sequence[Password], budget: Budget, bags: _Bags, gathered: Gathering
) -> bool:
    """Read what is encrypted; False where a password lacks."""
    try:
        return _opened(content, tried, budget, bags)
    except DerError as error:
        gathered.trouble(f"A part of the PKCS#12 file cannot be read: {error}.")
        return True


def _opened(content: Element, tried: Sequence[Password], budget: Budget, bags: _Bags) -> bool:
    # EncryptedData: version, then type, algorithm and [0] the bytes.
    outer = list(content.expect(SEQUENCE, "what is encrypted").children())
    inner = list(outer[1].children()) if len(outer) > 1 else []
    if len(inner) < 3:
        raise DerError(f"what is encrypted at byte {content.start} lacks a part")
    hidden = inner[2].content
    if inner[2].tag == 0xA0:
        hidden = b"".join(each.content for each in inner[2].children())
    for each in tried:
        try:
            opened = decrypt(inner[1], hidden, each, budget)
        except PasswordError:
            continue
        if opened.startswith(b"\x30"):
            _read_bags(opened, bags)
            return True
    return False


def _content_info(read: Element) -> tuple[str, Element]:
    parts = list(read.expect(SEQUENCE, "the content").children())
    if len(parts) != 2:
        raise DerError(f"the content at byte {read.start} has {len(parts)} parts, not 2")
    return oid(parts[0]), next(parts[1].children(), parts[1])


def _octets(read: Element) -> bytes:
    if read.tag == OCTET_STRING | 0x20:
        return b"".join(each.content for each in read.children())
    return read.expect(OCTET_STRING, "the content").content


def _read_bags(data: bytes, bags: _Bags, depth: int = 0) -> None:
    if data.startswith(b"\x30\x80"):
        data = to_definite(data)
    for bag in element(data).expect(SEQUENCE, "the bags").children():
        parts = list(bag.expect(SEQUENCE, "a bag").children())
        if len(parts) < 2:
            raise DerError(f"a bag at byte {bag.start} is empty")
        kind, alias, key_id = oid(parts[0]), "", b""
        if len(parts) > 2:
            alias, key_id = _attributes(parts[2])
        if kind in _KEYS:
            bags.keys.append(key_id)
        elif kind == _CERTIFICATE:
            if der := _certificate(parts[1]):
                bags.certificates.append((der, alias, key_id))
        elif kind == _NESTED and depth < _MAX_DEPTH:
            _read_bags(parts[1].content, bags, depth + 1)


def _certificate(value: Element) -> bytes | None:
    parts = list(next(value.children(), value).children())
    if len(parts) != 2 or oid(parts[0]) != _X509:
        return None
    return _octets(next(parts[1].children(), parts[1]))


def _attributes(listed: Element) -> tuple[str, bytes]:
    alias, key_id = "", b""
    for attribute in listed.children():
        parts = list(attribute.children())
        value = next(parts[1].children(), None) if len(parts) == 2 else None
        if value is None:
            continue
        kind = oid(parts[0])
        if kind == _FRIENDLY_NAME:
            alias = _or_empty(string, value)
        elif kind == _LOCAL_KEY_ID:
            key_id = value.content
    return alias, key_id


def _or_empty(read: Callable[[Element], str], value: Element) -> str:
    try:
        return read(value)
    except DerError:
        return ""


def _gather(bags: _Bags, gathered: Gathering) -> None:
    known = {each for each in bags.keys if each}
    for number, (der, alias, key_id) in enumerate(bags.certificates, start=1):
        where = f"Certificate {number}"
        gathered.add(der, alias, has_key=key_id in known, where=where)
    if not bags.keys:
        return
    if not known:
        gathered.mark_first()
    gathered.note("A private key, which stays shut.")

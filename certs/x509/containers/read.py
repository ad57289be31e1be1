"""Read a file by what is in it, whatever its name says."""

import codecs
from collections.abc import Sequence

from certs.x509.containers.asn1 import is_structure, read_structures
from certs.x509.containers.contents import Contents, Gathering
from certs.x509.containers.javastore import MAGICS, read_javastore
from certs.x509.containers.pem import BEGIN, bare_base64, read_pem

# A keystore or bundle of thousands; whoever has more has no file of certificates.
MAX_BYTES = 16 * 1_048_576
# As in docs/certs-files.md.
FORMATS = ("PEM", "DER", "PKCS#7", "PKCS#12", "JKS", "JCEKS")
Password = str | bytes

_ARCHIVES = {b"PK\x03\x04": "ZIP archive", b"\x1f\x8b": "gzip file", b"BZh": "bzip2 file"}


def read_container(data: bytes, name: str = "", passwords: Sequence[Password] = ()) -> Contents:
    """All certificates in it. Never raises: what is wrong is among its troubles and notes.

    `passwords` are tried in order, after none; `name` is only for the words.
    """
    gathered = Gathering()
    shown = name or "It"
    if len(data) > MAX_BYTES:
        gathered.trouble(f"{shown} has {len(data)} bytes, {MAX_BYTES} may be.")
        return gathered.contents("")
    text = _decoded(data)
    keys = [
        each.decode("utf-8", "replace") if isinstance(each, bytes) else each for each in passwords
    ]
    if kind := MAGICS.get(data[:4]):
        read_javastore(data, kind, keys, gathered)
    elif BEGIN in text:
        kind = read_pem(text, keys, gathered)
    elif is_structure(data):
        kind = read_structures(data, keys, gathered)
    elif (der := bare_base64(text)) is not None and is_structure(der):
        kind = read_structures(der, keys, gathered)
    else:
        kind = ""
        gathered.note(f"{shown} {_other(data)}.")
    return gathered.contents(kind)


def _decoded(data: bytes) -> bytes:
    """Text in UTF-16, as PowerShell writes it, as ASCII; all else as it is."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace").encode("ascii", "replace")
    return data


def _other(data: bytes) -> str:
    if not data.strip():
        return "is empty"
    for magic, what in _ARCHIVES.items():
        if data.startswith(magic):
            return f"is a {what}: unpack it first"
    if b"\x00" in data[:1000]:
        return "holds no certificate, in no known format"
    return "is text, without a certificate in it"

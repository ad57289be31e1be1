"""Trust stores: sets of roots, each read once per content and process."""

import ssl
from base64 import b64decode
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import certifi

from certs.trust.loaded import Loaded, NameKey, load
from opsportal.lib.errors import FieldError, PayloadError

# Roots of one store; Mozilla has about 150.
MAX_ROOTS = 2000
_CERTIFICATE = {"CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE"}


@dataclass(frozen=True, slots=True)
class Anchors:
    """Roots that chains may end in. `digest` is of all of them, in whatever order.

    `partial`: a path may also end in one that is no root, as in a store of one's own that holds
    an intermediate.
    """

    digest: str
    roots: tuple[Loaded, ...]
    by_subject: Mapping[NameKey, Sequence[Loaded]] = field(compare=False, repr=False)
    partial: bool = False


def make_anchors(ders: Sequence[bytes], *, partial: bool = False) -> Anchors:
    """A store of these; what cannot be read is left out."""
    roots = {root.sha256: root for der in ders[:MAX_ROOTS] if (root := load(der)) is not None}
    by_subject: dict[NameKey, list[Loaded]] = defaultdict(list)
    for root in roots.values():
        by_subject[root.subject].append(root)
    digest = sha256("".join(sorted(roots)).encode()).hexdigest()
    return Anchors(digest, tuple(roots.values()), dict(by_subject), partial)


def read_roots(pem: str) -> list[bytes]:
    """The certificates of a PEM text, in DER. Raises PayloadError unless each can be read."""
    found: dict[bytes, None] = {}
    for number, der in enumerate(_blocks(pem), 1):
        if der is None or load(der) is None:
            raise _wrong(f"certificate {number} cannot be read")
        found[der] = None
    if not found:
        raise _wrong("no certificate in PEM (-----BEGIN CERTIFICATE-----)")
    if len(found) > MAX_ROOTS:
        raise _wrong(f"more than {MAX_ROOTS} certificates")
    return list(found)


def mozilla_anchors() -> Anchors:
    """Mozilla's roots for servers, as certifi has them."""
    return _of_files(_stat([Path(certifi.where())]))


def system_anchors() -> Anchors:
    """The roots that OpenSSL finds on this machine: SSL_CERT_FILE and SSL_CERT_DIR, or where the
    system keeps them. Empty where it keeps none."""
    paths = ssl.get_default_verify_paths()
    files = [Path(paths.cafile)] if paths.cafile else _hashed(paths.capath)
    return _of_files(_stat(files))


@lru_cache(maxsize=32)
def private_anchors(pem: str) -> Anchors:
    """Of a PEM text that `read_roots` takes; what cannot be read is left out."""
    return make_anchors([der for der in _blocks(pem) if der is not None], partial=True)


def _hashed(folder: str | None) -> list[Path]:
    """The files of a folder that OpenSSL looks in: named by the hash of the subject."""
    if not folder:
        return []
    return sorted(Path(folder).glob("[0-9a-f]" * 8 + ".[0-9]"))[:MAX_ROOTS]


_File = tuple[str, int, int]


def _stat(files: Sequence[Path]) -> tuple[_File, ...]:
    found: list[_File] = []
    for file in files:
        try:
            state = file.stat()
        except OSError:
            continue
        found.append((str(file), state.st_mtime_ns, state.st_size))
    return tuple(found)


@lru_cache(maxsize=8)
def _of_files(files: tuple[_File, ...]) -> Anchors:
    ders: list[bytes] = []
    for name, _, _ in files:
        try:
            text = Path(name).read_text("ascii", "replace")
        except OSError:
            continue
        ders += [der for der in _blocks(text) if der is not None]
    return make_anchors(ders)


def _blocks(pem: str) -> list[bytes | None]:
    """DER of each certificate; None: what is within is not base64."""
    found: list[bytes | None] = []
    for part in pem.split("-----BEGIN ")[1:]:
        label, _, rest = part.partition("-----")
        body, ended, _ = rest.partition("-----END ")
        if label not in _CERTIFICATE:
            continue
        try:
            found.append(b64decode("".join(body.split()), validate=True) if ended else None)
        except ValueError:
            found.append(None)
    return found


def _wrong(message: str) -> PayloadError:
    return PayloadError(f"pem: {message}", [FieldError("pem", message)])

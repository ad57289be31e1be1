"""Names of hosts: one form of each, and whether a certificate is for one (RFC 9525)."""

import ipaddress
import re
from collections.abc import Iterable

import idna

from certs.x509.parsed import CertName
from opsportal.lib.errors import PayloadError

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# `inet_aton` and browsers read a name that ends so as an IPv4 address.
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)")
# What IDNA (RFC 3490, 3.1) takes as a full stop.
_STOPS = str.maketrans("\u3002\uff0e\uff61", "...")
_MAX_NAME = 253


class HostError(PayloadError):
    """This text names no host."""


def ascii_host(text: str) -> str:
    """The host as it is compared and dialled: an address in its short form, or A-labels.

    Lower case, without the final dot. Raises HostError.
    """
    given = text.strip()
    if (address := _address(given)) is not None:
        return address
    name = given.translate(_STOPS).removesuffix(".")
    if not name:
        raise HostError("A host is missing.")
    # Each character has at least one byte in the end; IDNA on a long text is slow.
    if len(name) > _MAX_NAME:
        raise HostError(f"A host's name has at most {_MAX_NAME} characters, this has {len(name)}.")
    labels = [_ascii_label(label, given) for label in name.split(".")]
    if _NUMBER.fullmatch(labels[-1]):
        raise HostError(
            f"{given!r} is neither an address nor a name: names do not end in a number."
        )
    host = ".".join(labels)
    if len(host) > _MAX_NAME:
        raise HostError(f"{given!r} has {len(host)} characters as A-labels, {_MAX_NAME} may be.")
    return host


def unicode_host(text: str) -> str:
    """The host for people: U-labels where the A-labels are sound (IDNA 2008), else as it is."""
    return ".".join(_unicode_label(label) for label in text.lower().split("."))


def canonical_address(text: str) -> str:
    """An IPv4 or IPv6 address in its one short form (RFC 5952). Raises HostError."""
    try:
        read = ipaddress.ip_address(text)
    except ValueError as error:
        raise HostError(f"{text[:80]!r} is no address.") from error
    if isinstance(read, ipaddress.IPv4Address):
        return str(read)
    if read.scope_id is not None:
        raise HostError(f"{text[:80]!r} has a zone, which means something on one machine only.")
    # Python 3.13 writes these otherwise than 3.11.
    return f"::ffff:{read.ipv4_mapped}" if read.ipv4_mapped else str(read)


def matches_host(names: Iterable[CertName], host: str) -> bool:
    """Whether a certificate with these names is for the host (RFC 9525, 6).

    A common name never counts, an address only as iPAddress, a wildcard only as the whole
    left-most label, for exactly one label. What is no host matches nothing.
    """
    try:
        wanted = ascii_host(host)
    except HostError:
        return False
    if _is_address(wanted):
        return any(name.kind == "ip" and name.value == wanted for name in names)
    label, _, parent = wanted.partition(".")
    taken = {wanted, f"*.{parent}"} if label and parent else {wanted}
    return any(name.kind == "dns" and name.value in taken for name in names)


def _address(text: str) -> str | None:
    if text.startswith("[") and text.endswith("]"):
        return canonical_address(text[1:-1])
    return canonical_address(text) if ":" in text or _is_address(text) else None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _ascii_label(label: str, given: str) -> str:
    lowered = label.lower()
    if lowered.isascii():
        if _LABEL.fullmatch(lowered):
            return lowered
        raise HostError(f"{given!r} is no host: {_complaint(label)}.")
    try:
        mapped = idna.encode(label, uts46=True, transitional=False).decode("ascii")
    except UnicodeError as error:
        raise HostError(f"{given!r} is no host by IDNA 2008: {error}") from error
    if _LABEL.fullmatch(mapped):
        return mapped
    raise HostError(f"{given!r} is no host: {_complaint(mapped)}.")


def _complaint(label: str) -> str:
    if not label:
        return "a label is empty"
    if len(label) > 63:
        return f"a label has {len(label)} characters, 63 may be"
    if label.strip("-") != label:
        return f"the label {label!r} has a hyphen at its end"
    return f"the label {label!r} has more than letters, digits, hyphens and underscores"


def _unicode_label(label: str) -> str:
    if not label.startswith("xn--") or len(label) > 63:
        return label
    try:
        return idna.ulabel(label)
    except UnicodeError:
        return label

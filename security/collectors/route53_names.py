"""Names of DNS as Route 53 writes them.

Source: "DNS domain name format" in the Route 53 developer guide: whatever is not a letter, a digit,
a hyphen, an underscore or a dot comes as a backslash and three octal digits, in small letters.
"""

import re

_ESCAPE = re.compile(rb"\\([0-3][0-7]{2})")
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789._*@-")


def plain_name(name: str) -> str:
    r"""As people write it: `\052.example.com.` is `*.example.com.`."""
    return _octets(name).decode("utf-8", "replace")


def canonical_name(name: str) -> str:
    """One form of all that mean the same; no space and no slash in it."""
    octets = _octets(name)
    return "".join(chr(octet) if octet in _PLAIN else f"\\{octet:03o}" for octet in octets)


def _octets(name: str) -> bytes:
    octets = name.encode("utf-8", "replace")
    return _ESCAPE.sub(lambda found: bytes([int(found[1], 8)]), octets).lower()


def zone_id(identifier: str) -> str:
    """The zone's id, without "/hostedzone/"."""
    return identifier.rpartition("/")[2]

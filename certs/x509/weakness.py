"""Keys and signatures that are too weak to trust, each with the reason in words."""

from typing import Any, Protocol

# CA/Browser Forum Baseline Requirements, 6.1.5; NIST SP 800-57: 112 bits of strength.
_MIN_RSA_BITS = 2048
_MIN_EC_BITS = 224
_MIN_EXPONENT = 3
_BROKEN_HASHES = {"md2": "MD2", "md4": "MD4", "md5": "MD5", "sha1": "SHA-1"}


class Weighed(Protocol):
    """What is asked of a certificate here: as `Parsed` has it, or a stored one."""

    @property
    def key_type(self) -> str: ...
    @property
    def key_size(self) -> int | None: ...
    @property
    def key_curve(self) -> str: ...
    @property
    def details(self) -> Any: ...
    @property
    def self_signed(self) -> bool: ...
    @property
    def signature_name(self) -> str: ...
    @property
    def signature_hash(self) -> str: ...


def weak_key(read: Weighed) -> str | None:
    """Why the key is too weak, or None."""
    size = read.key_size or 0
    match read.key_type:
        case "rsa" if size < _MIN_RSA_BITS:
            return f"RSA key of {size} bits, fewer than {_MIN_RSA_BITS}"
        case "rsa" if _is_odd_exponent(read.details.get("rsa_exponent")):
            return f"RSA key with the exponent {read.details['rsa_exponent']}"
        case "ec" if 0 < size < _MIN_EC_BITS:
            return f"elliptic curve {read.key_curve} of {size} bits, fewer than {_MIN_EC_BITS}"
        case "dsa":
            return f"DSA key of {size} bits; browsers and libraries dropped DSA"
    return None


def weak_signature(read: Weighed) -> str | None:
    """Why the signature is too weak, or None. A root's is not checked by anybody."""
    if read.self_signed:
        return None
    if broken := _BROKEN_HASHES.get(read.signature_hash):
        return f"signed with {broken} ({read.signature_name}), which can be forged"
    return None


def _is_odd_exponent(exponent: int | None) -> bool:
    """Whether encryption with it does nothing, or has no inverse."""
    return exponent is not None and (exponent < _MIN_EXPONENT or exponent % 2 == 0)

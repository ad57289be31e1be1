"""What a certificate's public key is (SubjectPublicKeyInfo), without loading it.

A library refuses whole certificates for a curve or a size that it does not know.
"""

from typing import NamedTuple

from certs.x509.der import (
    OBJECT_IDENTIFIER,
    SEQUENCE,
    DerError,
    Element,
    bits,
    element,
    integer,
    oid,
)

# RFC 3279, 4055, 5480, 5639, 8410.
_RSA = {"1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10"}
_EC = "1.2.840.10045.2.1"
_DSA = "1.2.840.10040.4.1"
_EDWARDS = {"1.3.101.112": ("ed25519", 256), "1.3.101.113": ("ed448", 456)}
_CURVES = {
    "1.2.840.10045.3.1.1": ("secp192r1", 192),
    "1.2.840.10045.3.1.7": ("secp256r1", 256),
    "1.3.132.0.8": ("secp160r1", 160),
    "1.3.132.0.10": ("secp256k1", 256),
    "1.3.132.0.26": ("sect233k1", 233),
    "1.3.132.0.27": ("sect233r1", 233),
    "1.3.132.0.31": ("secp192k1", 192),
    "1.3.132.0.32": ("secp224k1", 224),
    "1.3.132.0.33": ("secp224r1", 224),
    "1.3.132.0.34": ("secp384r1", 384),
    "1.3.132.0.35": ("secp521r1", 521),
    "1.3.132.0.36": ("sect409k1", 409),
    "1.3.132.0.37": ("sect409r1", 409),
    "1.3.36.3.3.2.8.1.1.7": ("brainpoolP256r1", 256),
    "1.3.36.3.3.2.8.1.1.11": ("brainpoolP384r1", 384),
    "1.3.36.3.3.2.8.1.1.13": ("brainpoolP512r1", 512),
}
# A JSON number that every reader takes.
_MAX_NUMBER = 2**53


class Key(NamedTuple):
    """The kind ("rsa", "ec", ...), bits, the curve's name or OID; RSA's exponent unless huge."""

    kind: str
    size: int | None = None
    curve: str = ""
    exponent: int | None = None


def read_key(spki: Element) -> Key:
    """What the key is; a kind that is not known is "other". Raises DerError."""
    parts = list(spki.expect(SEQUENCE, "the public key").children())
    if len(parts) < 2:
        raise DerError(f"the public key at byte {spki.start} lacks its bits")
    algorithm = list(parts[0].expect(SEQUENCE, "the key's algorithm").children())
    if not algorithm:
        raise DerError(f"the key's algorithm at byte {parts[0].start} is empty")
    kind = oid(algorithm[0], "the key's algorithm")
    parameters = algorithm[1] if len(algorithm) > 1 else None
    if kind in _RSA:
        return _rsa(parts[1])
    if kind == _EC:
        return _ec(parameters)
    if kind == _DSA:
        return Key("dsa", _dsa_size(parameters))
    if kind in _EDWARDS:
        return Key(*_EDWARDS[kind])
    return Key("other", curve=kind)


def _rsa(key: Element) -> Key:
    numbers = element(bits(key, "the RSA key")).expect(SEQUENCE, "the RSA key").children()
    modulus = integer(next(numbers, key), "the RSA modulus")
    exponent = integer(next(numbers, key), "the RSA exponent")
    return Key("rsa", modulus.bit_length(), "", exponent if abs(exponent) < _MAX_NUMBER else None)


def _ec(parameters: Element | None) -> Key:
    if parameters is None or parameters.tag != OBJECT_IDENTIFIER:
        # RFC 5480 forbids explicit parameters, which may be of anybody's choice.
        raise DerError("the elliptic curve is not named")
    curve = oid(parameters, "the curve")
    name, size = _CURVES.get(curve, (curve, None))
    return Key("ec", size, name)


def _dsa_size(parameters: Element | None) -> int | None:
    if parameters is None:
        return None
    first = next(parameters.expect(SEQUENCE, "the DSA parameters").children(), None)
    return integer(first, "the DSA prime").bit_length() if first else None

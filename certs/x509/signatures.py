"""Signature algorithms, and whether a key made a signature."""

from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from certs.x509.der import SEQUENCE, DerError, Element, integer, oid
from certs.x509.keys import Key

_PSS = "1.2.840.113549.1.1.10"


class Algorithm(NamedTuple):
    """A signature's algorithm; `hash` is empty where it has none of its own."""

    oid: str
    name: str
    hash: str
    # Of RSASSA-PSS.
    salt: int = 20


# RFC 3279, 4055, 5758, 8410.
_NAMES = {
    "1.2.840.113549.1.1.2": ("md2WithRSAEncryption", "md2"),
    "1.2.840.113549.1.1.3": ("md4WithRSAEncryption", "md4"),
    "1.2.840.113549.1.1.4": ("md5WithRSAEncryption", "md5"),
    "1.2.840.113549.1.1.5": ("sha1WithRSAEncryption", "sha1"),
    "1.3.14.3.2.29": ("sha1WithRSAEncryption", "sha1"),
    "1.2.840.113549.1.1.14": ("sha224WithRSAEncryption", "sha224"),
    "1.2.840.113549.1.1.11": ("sha256WithRSAEncryption", "sha256"),
    "1.2.840.113549.1.1.12": ("sha384WithRSAEncryption", "sha384"),
    "1.2.840.113549.1.1.13": ("sha512WithRSAEncryption", "sha512"),
    _PSS: ("RSASSA-PSS", "sha1"),
    "1.2.840.10040.4.3": ("dsa-with-sha1", "sha1"),
    "2.16.840.1.101.3.4.3.1": ("dsa-with-sha224", "sha224"),
    "2.16.840.1.101.3.4.3.2": ("dsa-with-sha256", "sha256"),
    "1.2.840.10045.4.1": ("ecdsa-with-SHA1", "sha1"),
    "1.2.840.10045.4.3.1": ("ecdsa-with-SHA224", "sha224"),
    "1.2.840.10045.4.3.2": ("ecdsa-with-SHA256", "sha256"),
    "1.2.840.10045.4.3.3": ("ecdsa-with-SHA384", "sha384"),
    "1.2.840.10045.4.3.4": ("ecdsa-with-SHA512", "sha512"),
    "1.3.101.112": ("ed25519", ""),
    "1.3.101.113": ("ed448", ""),
}
# Hashes as RSASSA-PSS names them (RFC 4055, 2.1).
_PSS_HASHES = {
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
_HASHES: dict[str, hashes.HashAlgorithm] = {
    # Only to know a root for what it is.
    "md5": hashes.MD5(),  # noqa: S303
    "sha1": hashes.SHA1(),  # noqa: S303
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
# Checking a signature costs the square of the key, or its cube where the exponent is as long.
_MAX_KEY_BITS = 8192
_MAX_EXPONENT_BITS = 64


def read_algorithm(read: Element) -> Algorithm:
    """An AlgorithmIdentifier of a signature. Raises DerError."""
    parts = list(read.expect(SEQUENCE, "the signature's algorithm").children())
    if not parts:
        raise DerError(f"the signature's algorithm at byte {read.start} is empty")
    dotted = oid(parts[0], "the signature's algorithm")
    name, digest = _NAMES.get(dotted, (dotted, ""))
    if dotted == _PSS and len(parts) > 1:
        return _pss(dotted, name, parts[1])
    return Algorithm(dotted, name, digest)


def signed_by(spki: bytes, key: Key, algorithm: Algorithm, signature: bytes, signed: bytes) -> bool:
    """Whether the key made the signature. Raises ValueError where that cannot be found out."""
    if (key.size or 0) > _MAX_KEY_BITS:
        raise ValueError(f"a key of {key.size} bits is too long to check")
    try:
        loaded = load_der_public_key(spki)
        return _verify(loaded, algorithm, signature, signed)
    except InvalidSignature:
        return False
    except (UnsupportedAlgorithm, KeyError, TypeError, OverflowError) as error:
        raise ValueError(f"{algorithm.name} by a key of the kind {key.kind}: {error}") from error


def _verify(key: object, algorithm: Algorithm, signature: bytes, signed: bytes) -> bool:
    match key:
        case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
            key.verify(signature, signed)
        case rsa.RSAPublicKey():
            if key.public_numbers().e.bit_length() > _MAX_EXPONENT_BITS:
                raise ValueError("the RSA exponent is too long to check")
            digest = _HASHES[algorithm.hash]
            pad: padding.AsymmetricPadding = padding.PKCS1v15()
            if algorithm.oid == _PSS:
                pad = padding.PSS(padding.MGF1(digest), algorithm.salt)
            key.verify(signature, signed, pad, digest)
        case ec.EllipticCurvePublicKey():
            key.verify(signature, signed, ec.ECDSA(_HASHES[algorithm.hash]))
        case dsa.DSAPublicKey():
            key.verify(signature, signed, _HASHES[algorithm.hash])
        case _:
            raise ValueError("such keys sign nothing")
    return True


def _pss(dotted: str, name: str, parameters: Element) -> Algorithm:
    digest, salt = "sha1", 20
    for part in parameters.expect(SEQUENCE, "the parameters of RSASSA-PSS").children():
        inner = next(part.children(), None)
        if inner is None:
            continue
        if part.tag == 0xA0:
            digest = _PSS_HASHES.get(oid(next(inner.children(), inner)), "")
        elif part.tag == 0xA2:
            salt = integer(inner, "the salt's length")
    return Algorithm(dotted, name, digest, salt)

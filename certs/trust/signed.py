"""Whether a key made a signature, and who issued what."""

from collections.abc import Iterable
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

from certs.trust.loaded import UNREADABLE, Loaded


def issuer_of(certificate: Loaded, candidates: Iterable[Loaded]) -> Loaded | None:
    """The one of these that has its name and signed it."""
    for each in candidates:
        try:
            certificate.read.verify_directly_issued_by(each.read)
        except (InvalidSignature, *UNREADABLE):
            continue
        return each
    return None


def is_signed(key: Any, signature: bytes, data: bytes, algorithm: Any) -> bool:
    """Whether the key signed the data. `algorithm`: the hash; None for those without one."""
    try:
        match key:
            case rsa.RSAPublicKey():
                key.verify(signature, data, padding.PKCS1v15(), algorithm)
            case ec.EllipticCurvePublicKey():
                key.verify(signature, data, ec.ECDSA(algorithm))
            case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
                key.verify(signature, data)
            case _:
                return False
    except (InvalidSignature, *UNREADABLE):
        return False
    return True

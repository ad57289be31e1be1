"""Secrets at rest: JSON encrypted with keys derived from the portal's secret key.

Fernet (AES-128-CBC with HMAC-SHA256, cryptography.io); the first of SECRET_KEY and
SECRET_KEY_FALLBACKS encrypts, all of them decrypt, so a key can be rotated.
"""

import base64
import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models

# What stands for a secret wherever it would be shown; given back, it means "as it was".
MASK = "***"


def derived_key(secret: str, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose (HKDF, RFC 5869)."""
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode())
    return kdf.derive(secret.encode())


@lru_cache(maxsize=8)
def _fernet(secrets: tuple[str, ...]) -> MultiFernet:
    keys = [derived_key(secret, "opsportal settings at rest") for secret in secrets]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])


def _current() -> MultiFernet:
    return _fernet((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


def encrypt_json(value: object) -> str:
    """The value as encrypted text."""
    return _current().encrypt(json.dumps(value, sort_keys=True).encode()).decode()


def decrypt_json(text: str) -> Any:
    """The value again. Raises ImproperlyConfigured when no known key fits."""
    try:
        return json.loads(_current().decrypt(text.encode()))
    except InvalidToken as error:
        raise ImproperlyConfigured(
            "A stored secret cannot be read with OPSPORTAL_SECRET_KEY; restore the key it was "
            "written with, or name it in OPSPORTAL_SECRET_KEY_FALLBACKS."
        ) from error


class EncryptedJSONField(models.TextField):  # type: ignore[type-arg]
    """JSON that is readable in Python and ciphertext in the database."""

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Any:
        """Decrypt what was read."""
        return None if value is None else decrypt_json(value)

    def get_prep_value(self, value: object) -> str | None:
        """Encrypt what is written."""
        return None if value is None else encrypt_json(value)

    def to_python(self, value: Any) -> Any:
        """JSON text from fixtures and forms becomes the value."""
        return json.loads(value) if isinstance(value, str) else value

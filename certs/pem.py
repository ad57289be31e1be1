"""A certificate as a file."""

import re
from base64 import b64encode
from textwrap import wrap

from certs.models import Certificate

_STRANGE = re.compile(r"[^A-Za-z0-9._-]+")


def certificate_pem(row: Certificate) -> str:
    """PEM (RFC 7468)."""
    lines = wrap(b64encode(bytes(row.der)).decode(), 64)
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])


def pem_file_name(row: Certificate) -> str:
    """By its name, in characters that harm nobody."""
    name = _STRANGE.sub("_", row.title.replace("*", "star")).strip("._")[:80]
    return f"{name or 'certificate'}-{row.sha256[:8]}.pem"

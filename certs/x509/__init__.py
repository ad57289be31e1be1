"""X.509 without a database: reading certificates, their names, keys and containers."""

from certs.x509.names import HostError, ascii_host, matches_host, unicode_host
from certs.x509.parse import CertificateError, parse_certificate
from certs.x509.parsed import CertName, Parsed

__all__ = [
    "CertName",
    "CertificateError",
    "HostError",
    "Parsed",
    "ascii_host",
    "matches_host",
    "parse_certificate",
    "unicode_host",
]

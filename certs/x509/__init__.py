"""X.509 without a database: reading certificates, their names, keys and containers."""

from certs.x509.parse import CertificateError, parse_certificate
from certs.x509.parsed import CertName, Parsed

__all__ = ["CertName", "CertificateError", "Parsed", "parse_certificate"]

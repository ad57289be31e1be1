"""Where certificates are looked for: one class for each kind of source, in CERTIFICATE_SOURCES."""

from certs.sources.source import Ask, CertificateSource, Option, SourceError, source_kind

__all__ = ["Ask", "CertificateSource", "Option", "SourceError", "source_kind"]

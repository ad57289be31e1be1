"""TLS without a database: reading the chains that servers serve."""

from certs.tls.reading import Reading, Result, Target

__all__ = ["Reading", "Result", "Target"]

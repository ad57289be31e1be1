"""TLS servers on this machine for `manage.py demo`, with certificates in every state."""

from certs.demo.play import CertificateDemo

__all__ = ["CertificateDemo"]

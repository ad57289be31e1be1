"""Admin pages of certificates."""

from certs.source_admin import SourceAdmin, SourceRunAdmin, SourceTroubleAdmin

__all__ = ["SourceAdmin", "SourceRunAdmin", "SourceTroubleAdmin"]

"""Admin pages of the cloud's configuration."""

from security.account_admin import CloudAccountAdmin

__all__ = ["CloudAccountAdmin"]

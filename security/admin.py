"""Admin pages of the cloud's configuration."""

from security.account_admin import CloudAccountAdmin
from security.activity_admin import ApiActivityAdmin, TrailErrorAdmin

__all__ = ["ApiActivityAdmin", "CloudAccountAdmin", "TrailErrorAdmin"]

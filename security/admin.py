"""Admin pages of the cloud's configuration."""

from security.account_admin import CloudAccountAdmin
from security.activity_admin import ApiActivityAdmin, TrailErrorAdmin
from security.history_admin import CloudResourceAdmin, ConfigRevisionAdmin

__all__ = [
    "ApiActivityAdmin",
    "CloudAccountAdmin",
    "CloudResourceAdmin",
    "ConfigRevisionAdmin",
    "TrailErrorAdmin",
]

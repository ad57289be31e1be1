"""Admin pages of the cloud's configuration."""

from security.account_admin import CloudAccountAdmin
from security.activity_admin import ApiActivityAdmin, TrailErrorAdmin
from security.finding_admin import (
    CheckOverrideAdmin,
    FindingAdmin,
    NetworkAllowlistAdmin,
    RiskAcceptanceAdmin,
)
from security.history_admin import CloudResourceAdmin, ConfigRevisionAdmin

__all__ = [
    "ApiActivityAdmin",
    "CheckOverrideAdmin",
    "CloudAccountAdmin",
    "CloudResourceAdmin",
    "ConfigRevisionAdmin",
    "FindingAdmin",
    "NetworkAllowlistAdmin",
    "RiskAcceptanceAdmin",
    "TrailErrorAdmin",
]

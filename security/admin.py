"""Admin pages of the cloud's configuration."""

from security.account_admin import CloudAccountAdmin
from security.activity_admin import ApiActivityAdmin, TrailErrorAdmin
from security.collect_admin import CollectionAdmin, CollectorErrorAdmin, ScopeAdmin
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
    "CollectionAdmin",
    "CollectorErrorAdmin",
    "ConfigRevisionAdmin",
    "FindingAdmin",
    "NetworkAllowlistAdmin",
    "RiskAcceptanceAdmin",
    "ScopeAdmin",
    "TrailErrorAdmin",
]

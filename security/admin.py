"""Admin pages of the cloud's configuration."""

from security.account_admin import CloudAccountAdmin
from security.finding_admin import (
    CheckOverrideAdmin,
    FindingAdmin,
    NetworkAllowlistAdmin,
    RiskAcceptanceAdmin,
)

__all__ = [
    "CheckOverrideAdmin",
    "CloudAccountAdmin",
    "FindingAdmin",
    "NetworkAllowlistAdmin",
    "RiskAcceptanceAdmin",
]

"""Admin pages of certificates."""

from certs.policy_admin import CertificatePolicyAdmin, OwnershipRuleAdmin
from certs.source_admin import SourceAdmin, SourceRunAdmin, SourceTroubleAdmin

__all__ = [
    "CertificatePolicyAdmin",
    "OwnershipRuleAdmin",
    "SourceAdmin",
    "SourceRunAdmin",
    "SourceTroubleAdmin",
]

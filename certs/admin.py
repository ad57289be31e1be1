"""Admin pages of certificates."""

from certs.endpoint_admin import DomainAdmin, EndpointAdmin, ProposalAdmin
from certs.policy_admin import CertificatePolicyAdmin, OwnershipRuleAdmin
from certs.source_admin import SourceAdmin, SourceRunAdmin, SourceTroubleAdmin

__all__ = [
    "CertificatePolicyAdmin",
    "DomainAdmin",
    "EndpointAdmin",
    "OwnershipRuleAdmin",
    "ProposalAdmin",
    "SourceAdmin",
    "SourceRunAdmin",
    "SourceTroubleAdmin",
]

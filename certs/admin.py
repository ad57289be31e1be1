"""Admin pages of certificates."""

from certs.certificate_admin import CertificateAdmin, LineageAdmin, PlacementAdmin
from certs.endpoint_admin import DomainAdmin, EndpointAdmin, ProposalAdmin
from certs.finding_admin import CrossingAdmin, FindingAdmin
from certs.inventory_admin import (
    ObservationAdmin,
    ProbeAdmin,
    RevocationAdmin,
    RevocationListAdmin,
    ServedCertificateAdmin,
    ValidationAdmin,
)
from certs.policy_admin import CertificatePolicyAdmin, OwnershipRuleAdmin
from certs.source_admin import SourceAdmin, SourceRunAdmin, SourceTroubleAdmin
from certs.trust_admin import TrustStoreAdmin

__all__ = [
    "CertificateAdmin",
    "CertificatePolicyAdmin",
    "CrossingAdmin",
    "DomainAdmin",
    "EndpointAdmin",
    "FindingAdmin",
    "LineageAdmin",
    "ObservationAdmin",
    "OwnershipRuleAdmin",
    "PlacementAdmin",
    "ProbeAdmin",
    "ProposalAdmin",
    "RevocationAdmin",
    "RevocationListAdmin",
    "ServedCertificateAdmin",
    "SourceAdmin",
    "SourceRunAdmin",
    "SourceTroubleAdmin",
    "TrustStoreAdmin",
    "ValidationAdmin",
]

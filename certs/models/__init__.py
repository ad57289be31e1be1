"""The nouns of certificates. Deeds are in modules of their own."""

from certs.models.certificate import KEY_LENGTH, Certificate, CertificateName, Lineage
from certs.models.endpoint import (
    Domain,
    Endpoint,
    Observation,
    Probe,
    Proposal,
    ServedCertificate,
)
from certs.models.finding import Crossing, Finding
from certs.models.policy import CertificatePolicy, OwnershipRule
from certs.models.source import Outcome, Placement, Source, SourceRun, SourceTrouble
from certs.models.trust import Revocation, RevocationList, TrustStore, Validation

__all__ = [
    "KEY_LENGTH",
    "Certificate",
    "CertificateName",
    "CertificatePolicy",
    "Crossing",
    "Domain",
    "Endpoint",
    "Finding",
    "Lineage",
    "Observation",
    "Outcome",
    "OwnershipRule",
    "Placement",
    "Probe",
    "Proposal",
    "Revocation",
    "RevocationList",
    "ServedCertificate",
    "Source",
    "SourceRun",
    "SourceTrouble",
    "TrustStore",
    "Validation",
]

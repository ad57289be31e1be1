"""Object identifiers of extensions (RFC 5280, 4.2; RFC 6962; RFC 7633)."""

SUBJECT_KEY_ID = "2.5.29.14"
KEY_USAGE = "2.5.29.15"
ALTERNATIVE_NAMES = "2.5.29.17"
BASIC_CONSTRAINTS = "2.5.29.19"
CRL_POINTS = "2.5.29.31"
POLICIES = "2.5.29.32"
AUTHORITY_KEY_ID = "2.5.29.35"
EXTENDED_KEY_USAGE = "2.5.29.37"
AUTHORITY_ACCESS = "1.3.6.1.5.5.7.1.1"
FEATURES = "1.3.6.1.5.5.7.1.24"
TIMESTAMPS = "1.3.6.1.4.1.11129.2.4.2"
POISON = "1.3.6.1.4.1.11129.2.4.3"

# Methods of access (RFC 5280, 4.2.2.1).
OCSP = "1.3.6.1.5.5.7.48.1"
CA_ISSUERS = "1.3.6.1.5.5.7.48.2"

_NAMES = {
    SUBJECT_KEY_ID: "subjectKeyIdentifier",
    KEY_USAGE: "keyUsage",
    ALTERNATIVE_NAMES: "subjectAltName",
    BASIC_CONSTRAINTS: "basicConstraints",
    CRL_POINTS: "cRLDistributionPoints",
    POLICIES: "certificatePolicies",
    AUTHORITY_KEY_ID: "authorityKeyIdentifier",
    EXTENDED_KEY_USAGE: "extKeyUsage",
    AUTHORITY_ACCESS: "authorityInfoAccess",
    FEATURES: "tlsfeature",
    TIMESTAMPS: "the list of SCTs",
    POISON: "the poison of a precertificate",
}


def name(dotted: str) -> str:
    """The extension's name in the standards, or its number."""
    return _NAMES.get(dotted, f"The extension {dotted}")

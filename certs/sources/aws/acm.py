"""Certificates of AWS Certificate Manager. Source: its API reference."""

from collections.abc import Iterator, Mapping
from typing import Any

from certs.normalise import Found, FoundCertificate
from certs.sources.aws.base import AwsSource, facts
from certs.sources.aws.bodies import Bodies, unless_gone
from opsportal.lib.aws import Access

# Without these it lists RSA of up to 2,048 bits alone ("Filters" of ListCertificates).
KEY_TYPES = (
    "RSA_1024", "RSA_2048", "RSA_3072", "RSA_4096",
    "EC_prime256v1", "EC_secp384r1", "EC_secp521r1",
)  # fmt: skip
# Asked for, and not issued: there is no certificate yet.
NOT_ISSUED = ("PENDING_VALIDATION", "VALIDATION_TIMED_OUT", "FAILED")


class AcmCertificates(AwsSource):
    """All of them, issued and imported, with who uses them and how their renewal goes."""

    slug = "aws-acm"
    label = "AWS Certificate Manager"
    noun = "ARN"
    help = "Certificates of ACM, issued and imported, in each region."
    actions = ("acm:DescribeCertificate", "acm:GetCertificate", "acm:ListCertificates")

    def look_in(self, access: Access, options: Mapping[str, Any]) -> Iterator[Found]:
        """Page by page."""
        bodies = Bodies(access)
        key_types = {"keyTypes": list(KEY_TYPES)}
        for page in access.pages(
            "acm", "list_certificates", "CertificateSummaryList", Includes=key_types
        ):
            yield from self.read_each(
                lambda row: _read(access, bodies, row["CertificateArn"]),
                [row for row in page if row.get("Status") not in NOT_ISSUED],
                lambda row: row["CertificateArn"],
            )


def _read(access: Access, bodies: Bodies, arn: str) -> list[Found]:
    client = access.client("acm")
    detail = unless_gone(lambda: client.describe_certificate(CertificateArn=arn))["Certificate"]
    if detail.get("Status") in NOT_ISSUED:
        return []
    return placed(bodies, arn, _facts(detail, access.region))


def placed(bodies: Bodies, arn: str, about: Mapping[str, Any]) -> list[Found]:
    """The certificate and what is stored above it, at its ARN; the key is there, too."""
    return [
        FoundCertificate(parsed, arn, position, position == 0, about if position == 0 else {})
        for position, parsed in enumerate(bodies.chain(arn))
    ]


def _facts(detail: Mapping[str, Any], region: str) -> dict[str, Any]:
    renewal = detail.get("RenewalSummary") or {}
    ways = {each.get("ValidationMethod") for each in detail.get("DomainValidationOptions") or ()}
    return facts(
        region=region,
        type=detail.get("Type"),
        status=detail.get("Status"),
        in_use_by=detail.get("InUseBy"),
        renewal_eligibility=detail.get("RenewalEligibility"),
        renewal_status=renewal.get("RenewalStatus"),
        renewal_reason=renewal.get("RenewalStatusReason"),
        renewal_updated_at=renewal.get("UpdatedAt"),
        validation=sorted(way for way in ways if way),
        issued_at=detail.get("IssuedAt"),
        imported_at=detail.get("ImportedAt"),
        revoked_at=detail.get("RevokedAt"),
        managed_by=detail.get("ManagedBy"),
        exportable=(detail.get("Options") or {}).get("Export"),
    )

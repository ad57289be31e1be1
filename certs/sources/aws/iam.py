"""Server certificates of IAM. Source: "Managing server certificates in IAM", API reference."""

from collections.abc import Iterator, Mapping
from typing import Any

from certs.normalise import Found
from certs.sources.aws.acm import placed
from certs.sources.aws.base import ACCOUNT_OPTIONS, AwsSource, facts
from certs.sources.aws.bodies import Bodies
from opsportal.lib.aws import Access


class IamCertificates(AwsSource):
    """All of them; they are imported, and nobody renews them."""

    slug = "aws-iam"
    label = "AWS IAM server certificates"
    noun = "ARN"
    help = "Certificates that were uploaded to IAM, for load balancers and CloudFront."
    options = ACCOUNT_OPTIONS
    actions = ("iam:GetServerCertificate", "iam:ListServerCertificates")

    def look_in(self, access: Access, options: Mapping[str, Any]) -> Iterator[Found]:
        """Page by page."""
        bodies = Bodies(access)
        for page in access.pages(
            "iam", "list_server_certificates", "ServerCertificateMetadataList"
        ):
            yield from self.read_each(
                lambda row: placed(bodies, row["Arn"], _facts(row)), page, lambda row: row["Arn"]
            )


def _facts(row: Mapping[str, Any]) -> dict[str, Any]:
    return facts(
        name=row.get("ServerCertificateName"),
        path=row.get("Path"),
        id=row.get("ServerCertificateId"),
        uploaded_at=row.get("UploadDate"),
    )

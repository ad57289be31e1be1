"""Distributions of CloudFront. Source: its API reference, "ViewerCertificate"."""

from collections.abc import Iterator, Mapping
from typing import Any

from certs.normalise import Found, FoundTrouble
from certs.sources.aws.base import ACCOUNT_OPTIONS, ERRORS, AwsSource, facts
from certs.sources.aws.bodies import Bodies
from certs.sources.aws.listening import Listener, found_at, in_order
from opsportal.lib.aws import Access


class Distributions(AwsSource):
    """Distributions with names of ours; what serves `*.cloudfront.net` alone is Amazon's care."""

    slug = "aws-cloudfront"
    label = "Amazon CloudFront"
    noun = "distribution"
    help = "Distributions with a certificate of their own, and the names they answer to."
    options = ACCOUNT_OPTIONS
    actions = (
        "acm:GetCertificate",
        "cloudfront:ListDistributions",
        "iam:GetServerCertificate",
        "iam:ListServerCertificates",
    )

    def look_in(self, access: Access, options: Mapping[str, Any]) -> Iterator[Found]:
        """Page by page; its certificates lie in us-east-1, or in IAM."""
        bodies, uploaded = Bodies(access), _Uploaded(access)
        for page in access.pages("cloudfront", "list_distributions", "DistributionList"):
            for row in page.get("Items") or ():
                viewer = row.get("ViewerCertificate") or {}
                try:
                    arn = viewer.get("ACMCertificateArn") or uploaded.arn(
                        viewer.get("IAMCertificateId")
                    )
                except ERRORS as error:
                    yield FoundTrouble(row["ARN"], self.words(error))
                    continue
                if arn:
                    yield from found_at(self, _listener(row, viewer, arn), bodies)


class _Uploaded:
    """IAM's certificates by their ids, listed where one is asked for."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._arns: dict[str, str] | None = None

    def arn(self, identifier: str | None) -> str:
        """Its ARN; empty without an id. One that is not there has an ARN that leads nowhere."""
        if not identifier:
            return ""
        if self._arns is None:
            rows = self._access.rows(
                "iam", "list_server_certificates", "ServerCertificateMetadataList"
            )
            self._arns = {row["ServerCertificateId"]: row["Arn"] for row in rows}
        gone = f"arn:{self._access.partition}:iam::{self._access.account_id}"
        return self._arns.get(identifier, f"{gone}:server-certificate/{identifier}")


def _listener(row: Mapping[str, Any], viewer: Mapping[str, Any], arn: str) -> Listener:
    names = in_order((row.get("Aliases") or {}).get("Items") or ())
    return Listener(
        row["ARN"],
        row["DomainName"].lower(),
        443,
        (arn,),
        bool(row.get("Enabled")),
        names,
        facts(
            distribution=row.get("Id"), dns_name=row["DomainName"], aliases=names,
            enabled=bool(row.get("Enabled")), least_version=viewer.get("MinimumProtocolVersion"),
        ),
    )  # fmt: skip

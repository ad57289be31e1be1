"""ACM in the cloud that the demo starts on this machine (`alerts/demo/cloud.py`)."""

import boto3

from certs.demo.authority import Issued

REGION = "us-east-1"


class DemoManager:
    """What the shop's load balancer is meant to serve. Only in a cloud of this machine."""

    def __init__(self) -> None:
        self._client = boto3.client("acm", region_name=REGION)
        self._arn = ""

    def put(self, issued: Issued) -> None:
        """Import it, in place of the one before."""
        there = {"CertificateArn": self._arn} if self._arn else {}
        self._arn = self._client.import_certificate(
            Certificate=issued.pem,
            PrivateKey=issued.key_pem,
            CertificateChain=b"".join(each.pem for each in issued.above),
            **there,
        )["CertificateArn"]

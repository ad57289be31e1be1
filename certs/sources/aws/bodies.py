"""The certificates behind ARNs: ACM's and IAM's hand out bodies and chains, never keys."""

import re
from collections.abc import Callable
from ssl import PEM_cert_to_DER_cert
from typing import Any

from botocore.exceptions import ClientError

from certs.x509 import Parsed, parse_certificate
from opsportal.lib.aws import Access, Gone
from opsportal.lib.aws.errors import says_gone
from opsportal.lib.errors import PayloadError

# Codes by which either says that there is none.
_GONE = ("ResourceNotFoundException", "NoSuchEntity")
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


class Bodies:
    """Those of one account and region, each asked for once."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._known: dict[str, list[Parsed]] = {}

    def chain(self, arn: str) -> list[Parsed]:
        """The leaf, and what is stored above it.

        Raises Gone; PayloadError where it cannot be read; and what boto3 raises.
        """
        if arn not in self._known:
            read = _of_iam if is_of_iam(arn) else _of_acm
            self._known[arn] = unless_gone(lambda: read(self._access, arn))
        return self._known[arn]


def is_of_iam(arn: str) -> bool:
    """Whether it is a server certificate of IAM, and not one of ACM."""
    return ":server-certificate/" in arn


def unless_gone(ask: Callable[[], Any]) -> Any:
    """What `ask` answers. Raises Gone where there is no such certificate any more."""
    try:
        return ask()
    except ClientError as error:
        if says_gone(error, _GONE):
            raise Gone(str(error)) from error
        raise


def parsed_chain(*texts: str | None) -> list[Parsed]:
    """Every certificate of these PEM texts in order. Raises PayloadError."""
    found = []
    for block in (block for text in texts for block in _PEM.findall(text or "")):
        try:
            der = PEM_cert_to_DER_cert(block)
        except ValueError as error:
            raise PayloadError(f"This is no PEM: {error}") from error
        found.append(parse_certificate(der))
    if not found:
        raise PayloadError("AWS has no certificate in it.")
    return found


def _of_acm(access: Access, arn: str) -> list[Parsed]:
    answer = access.client("acm").get_certificate(CertificateArn=arn)
    return parsed_chain(answer.get("Certificate"), answer.get("CertificateChain"))


def _of_iam(access: Access, arn: str) -> list[Parsed]:
    name = arn.rpartition("/")[2]
    answer = access.client("iam").get_server_certificate(ServerCertificateName=name)
    body = answer["ServerCertificate"]
    return parsed_chain(body.get("CertificateBody"), body.get("CertificateChain"))

"""What lies in a cloud before somebody looks, and looking."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from certs.normalise import Found
from certs.sources import Ask, CertificateSource, SourceError
from opsportal.lib.aws import access as clients
from tests.alerts.moto import ACCOUNT, REGION, Cloud
from tests.certs.pki import NOW, Issued, intermediate

# moto takes what is valid by the clock.
LONG = timedelta(days=36500)


@cache
def authority() -> Issued:
    """One for all."""
    return intermediate(lifetime=LONG)


def leaf(*names: str, **options: Any) -> Issued:
    """One that no cloud refuses for its age."""
    return authority().issue(*names, lifetime=LONG, **options)


def import_to_acm(cloud: Cloud, issued: Issued, region: str = REGION) -> str:
    """Its ARN."""
    answer = cloud.client("acm", region).import_certificate(
        Certificate=issued.pem, PrivateKey=issued.key_pem, CertificateChain=authority().pem
    )
    return str(answer["CertificateArn"])


def upload_to_iam(cloud: Cloud, issued: Issued, name: str) -> dict[str, Any]:
    """What IAM says of it."""
    answer = cloud.client("iam").upload_server_certificate(
        ServerCertificateName=name,
        CertificateBody=issued.pem.decode(),
        PrivateKey=issued.key_pem.decode(),
        CertificateChain=authority().pem.decode(),
    )
    found: dict[str, Any] = answer["ServerCertificateMetadata"]
    return found


def look(
    source: CertificateSource, secret: dict[str, str] | None = None, **options: Any
) -> list[Found]:
    """All that it finds. Raises SourceError."""
    return list(source.look(Ask(options, secret or {}, NOW)))


def look_until(source: CertificateSource, **options: Any) -> tuple[list[Found], str]:
    """What it finds before it ends, and why it could not go on."""
    found: list[Found] = []
    try:
        found.extend(source.look(Ask(options, {}, NOW)))
    except SourceError as error:
        return found, str(error)
    return found, ""


def of_kind(found: list[Found], kind: type[Any]) -> list[Any]:
    return [each for each in found if isinstance(each, kind)]


@contextmanager
def answering(
    monkeypatch: pytest.MonkeyPatch, answers: dict[str, Callable[[dict[str, Any]], Any]]
) -> Iterator[list[str]]:
    """Clients whose operations answer what these functions say; yields what was asked.

    botocore's own paginators ask them.
    """
    me = {"Arn": f"arn:aws:iam::{ACCOUNT}:user/ops"}
    answers = {"GetCallerIdentity": lambda _: me, **answers}
    made, asked = clients._made, []

    def make(*args: Any) -> Any:
        client = made(*args)

        def answer(operation: str, options: dict[str, Any]) -> Any:
            asked.append(operation)
            return answers[operation](options)

        client._make_api_call = answer
        return client

    with monkeypatch.context() as patch:
        patch.setattr(clients, "_made", make)
        clients._clients.clear()
        yield asked
    clients._clients.clear()

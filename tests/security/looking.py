"""What a collector sees in the cloud of a test, in canonical form and without a database."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from opsportal.lib.aws import Access, Gone
from security.collectors import Collector
from security.normalise import Found, Settled, settle
from tests.alerts.moto import ACCOUNT, REGION


def access(region: str = REGION) -> Access:
    """Access by the environment's credentials."""
    return Access(ACCOUNT, "aws", region)


class _Body:
    def __init__(self, text: str) -> None:
        self._text = text.encode()

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._text


def refuse(service: str, operation: str, code: str = "AccessDenied") -> None:
    """From now on the client of `access()` is denied that operation."""
    error = f"<Error><Code>{code}</Code><Message>no</Message></Error>"
    text = f"<Response><Errors>{error}</Errors></Response>"
    if service != "ec2":
        text = f"<ErrorResponse>{error}</ErrorResponse>"

    def answer(**_: Any) -> AWSResponse:
        return AWSResponse("", 403, {}, _Body(text))

    events = access().client(service).meta.events
    events.register_first(f"before-send.{service}.{operation}", answer)


def canonical(
    collector: type[Collector], found: Found, before: Mapping[str, Any] | None = None
) -> Settled:
    """In canonical form."""
    return settle(found.config, collector.shape, secret=b"secret", before=before)


def look(collector: type[Collector]) -> dict[str, Settled]:
    """All that it lists. Each is the same when it is asked for alone, and no list is undeclared."""
    there = access()
    found = {row.resource_id: row for page in collector.pages(there) for row in page}
    settled = {name: canonical(collector, row) for name, row in found.items()}
    for name, row in settled.items():
        assert row.undeclared == frozenset(), f"{name}: {row.undeclared}"
    return settled


def look_at(collector: type[Collector], name: str) -> Settled:
    """One, as the listing and as asking for it alone have it."""
    listed = look(collector)[name]
    assert canonical(collector, collector.fetch(access(), name)) == listed
    return listed


def assert_gone(collector: type[Collector], name: str) -> None:
    """It is not listed, and AWS says that it is not there."""
    assert name not in look(collector)
    with pytest.raises(Gone):
        collector.fetch(access(), name)


def differing(before: Mapping[str, Settled], after: Mapping[str, Settled]) -> set[str]:
    """Those of which there would be a revision."""
    return {
        name
        for name, row in after.items()
        if name not in before or before[name].durable_hash != row.durable_hash
    }


def links(collector: type[Collector], name: str) -> set[tuple[str, str]]:
    """What it refers to."""
    return set(collector.links(look(collector)[name].config))


def networks(collector: type[Collector], name: str) -> set[tuple[str, str]]:
    """Role and network of its addresses."""
    return {(row.role, row.cidr) for row in collector.networks(look(collector)[name].config)}

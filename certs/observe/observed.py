"""One address of an endpoint as it was read, in the words of an Observation."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec

from certs.models import Endpoint, Observation
from certs.observe.look import Look
from certs.tls import Reading, Result, Target

# The most telling first: what an endpoint as a whole came to.
_RANK = (
    Result.OK, Result.ALERT, Result.PARSE, Result.STARTTLS_REFUSED, Result.NOT_TLS, Result.CLOSED,
    Result.RESET, Result.TIMEOUT_HANDSHAKE, Result.REFUSED, Result.TIMEOUT_CONNECT,
    Result.UNREACHABLE, Result.FORBIDDEN, Result.DNS,
)  # fmt: skip
# Certificates of a chain that are kept.
_LONGEST = 100


def readings_of(look: Look[Endpoint]) -> dict[str, Reading]:
    """By address; a name that leads nowhere is a reading of no address."""
    if look.readings:
        return look.readings
    place = look.place
    target = Target("", place.port, place.protocol, place.server_name)
    return {"": Reading(target, Result.DNS, look.resolved.trouble)}


def best_of(readings: Sequence[Reading]) -> Reading:
    """What the endpoint as a whole came to: a chain, if any address served one."""
    return min(readings, key=lambda each: (not each.chain, _RANK.index(each.result)))


def observation_of(
    endpoint: Endpoint, address: str, reading: Reading, *, now: datetime
) -> Observation:
    """A new one, current and, if it has a chain, serving; without its leaf."""
    chain = [sha256(der).hexdigest() for der in reading.chain[:_LONGEST]]
    row = Observation(
        endpoint_id=endpoint.pk,
        address=address,
        result=reading.result,
        detail=plain(reading.detail, 1000),
        chain=chain,
        tls_version=reading.tls_version[:20],
        cipher=reading.cipher[:60],
        client_cert_wanted=reading.client_cert_wanted,
        legacy=reading.legacy,
        facts=_facts(reading),
        latency_ms=reading.latency_ms,
        first_seen_at=now,
        last_seen_at=now,
        current=True,
        serving=bool(chain),
    )
    row.digest = _digest(row, reading)
    return row


def plain(text: str, most: int) -> str:
    """As a column takes it."""
    return text.replace("\0", "\ufffd")[:most]


def _facts(reading: Reading) -> dict[str, Any]:
    facts = {
        key: plain(value, 500) if isinstance(value, str) else value
        for key, value in reading.facts.items()
    }
    if reading.alert is not None:
        facts["alert"] = reading.alert
    if reading.without_server_name:
        facts["without_server_name"] = True
    return facts


def _digest(row: Observation, reading: Reading) -> str:
    """Of what makes another observation: no banner's time of day, no seconds that were waited."""
    parts = (
        str(reading.result), row.chain, row.tls_version, row.cipher, row.client_cert_wanted,
        row.legacy, reading.alert, reading.without_server_name, reading.facts.get("speaks", ""),
    )  # fmt: skip
    return sha256(msgspec.json.encode(parts)).hexdigest()

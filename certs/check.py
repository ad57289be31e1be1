"""Check a host now: what each of its addresses serves, and what is wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import BoundedSemaphore

from django.core.cache import cache
from django.db import transaction

from certs.models import Endpoint
from certs.normalise import FoundEndpoint, canonical_endpoint
from certs.observe import Asked, Look, look_at, store_looks
from certs.observe.resolve import Resolved
from certs.tls import Reading, Result
from certs.trust import (
    EXPIRED,
    NO_ISSUER,
    NOT_YET_VALID,
    SELF_SIGNED_LEAF,
    Anchors,
    Judged,
    judge_chain,
)
from certs.validate import open_stores
from certs.x509 import CertificateError, Parsed, parse_certificate
from certs.x509.names import matches_host, unicode_host
from opsportal.accounts.actors import Actor
from opsportal.lib.errors import RateLimitedError

# Seconds for the name, and for each address; all addresses at once.
_RESOLVING, _TIMEOUT = 4.0, 6.0
# Checks at once in this process, and of one person or key in a minute.
_AT_ONCE, MOST_A_MINUTE = 4, 20
_turns = BoundedSemaphore(_AT_ONCE)
# What each result means, for people.
MEANINGS: Mapping[str, str] = {
    Result.DNS: "The name cannot be resolved",
    Result.REFUSED: "Nothing listens on the port",
    Result.UNREACHABLE: "There is no way to the address from the portal",
    Result.TIMEOUT_CONNECT: "The address did not answer in time",
    Result.TIMEOUT_HANDSHAKE: "The server took the connection, and did not finish the handshake",
    Result.NOT_TLS: "What speaks there is not TLS",
    Result.ALERT: "The server refused the handshake",
    Result.RESET: "The connection was reset during the handshake",
    Result.CLOSED: "The connection was closed during the handshake",
    Result.STARTTLS_REFUSED: "The server does not go over to TLS",
    Result.FORBIDDEN: "The portal may not connect to this address",
    Result.PARSE: "The handshake makes no sense",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Link:
    """A certificate of a chain, as served; `parsed` is None where it cannot be read."""

    parsed: Parsed | None
    # Whole days; negative: over for so long.
    days_left: int | None = None

    @property
    def key(self) -> str:
        """Such as "EC secp256r1" or "RSA 2048"."""
        if self.parsed is None:
            return ""
        size = self.parsed.key_curve or str(self.parsed.key_size or "")
        return f"{self.parsed.key_type.upper()} {size}".strip()


@dataclass(frozen=True, slots=True)
class Trust:
    """Whether a trust store has a root that the chain leads to; `message`: why not."""

    store: str
    ok: bool
    message: str = ""


@dataclass(frozen=True, slots=True)
class CheckedAddress:
    """What one address served, and what is wrong there, in words."""

    address: str
    reading: Reading
    chain: Sequence[Link] = ()
    # Whether the leaf is for the name (RFC 9525); None without one.
    names_match: bool | None = None
    # By store; empty without a chain, or without stores.
    trust: Sequence[Trust] = ()
    problems: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of it. `endpoint`: it is watched, and this was stored as a probe's."""

    asked: Asked
    resolved: Resolved
    addresses: Sequence[CheckedAddress]
    problems: Sequence[str] = ()
    endpoint: Endpoint | None = None

    @property
    def ok(self) -> bool:
        """Nothing is wrong anywhere."""
        return (
            bool(self.addresses)
            and not self.problems
            and not any(each.problems for each in self.addresses)
        )

    @property
    def line(self) -> str:
        """As one writes it to have it watched."""
        asked = self.asked
        return Endpoint(
            host=asked.host, port=asked.port, protocol=asked.protocol, server_name=asked.server_name
        ).name

    @property
    def expected_name(self) -> str:
        """The name that its certificate must hold."""
        return self.asked.server_name or self.asked.host

    @property
    def unicode_name(self) -> str:
        """The same for people; empty where it is no other."""
        shown = unicode_host(self.expected_name)
        return "" if shown == self.expected_name else shown


def check_host(found: FoundEndpoint, *, actor: Actor, now: datetime) -> Checked:
    """Look at all addresses of the host, within ten seconds or so.

    Nothing is stored but what a probe of a known endpoint would store. Raises PayloadError,
    RateLimitedError.
    """
    canonical = canonical_endpoint(found)
    _count(actor, now)
    if not _turns.acquire(timeout=2):
        raise RateLimitedError("Other checks are running; try again in a moment.", retry_after=5)
    try:
        return _check(canonical, now)
    finally:
        _turns.release()


def _check(found: FoundEndpoint, now: datetime) -> Checked:
    asked = Asked(found.host, found.port, found.protocol, found.server_name)
    (look,) = look_at([asked], timeout=_TIMEOUT, resolving=_RESOLVING, retry=False)
    endpoint = Endpoint.objects.filter(
        host=asked.host, port=asked.port, protocol=asked.protocol, server_name=asked.server_name
    ).first()
    if endpoint is not None:
        with transaction.atomic():
            store_looks([Look(endpoint, look.resolved, look.readings)], now=now)
    name = asked.server_name or asked.host
    stores = {row.name: anchors for row, anchors in open_stores().items()}
    addresses = [
        _judged(address, look.readings[address], name, stores, now)
        for address in look.resolved.addresses
    ]
    return Checked(asked, look.resolved, addresses, _overall(look, addresses), endpoint)


def _judged(
    address: str, reading: Reading, name: str, stores: Mapping[str, Anchors], now: datetime
) -> CheckedAddress:
    chain = [_link(der, now) for der in reading.chain]
    leaf = chain[0].parsed if chain else None
    match = matches_host(leaf.names, name) if leaf else None
    problems = [] if reading.result == Result.OK and not reading.detail else [_meaning(reading)]
    if reading.chain and leaf is None:
        problems.append("The certificate itself cannot be read.")
    if leaf is not None:
        problems += _leaf_problems(leaf, name, match=bool(match), now=now)
    for link in chain[1:]:
        if link.parsed and not link.parsed.self_signed:
            problems += [f"{_title(link.parsed)}: {each}" for each in _time(link.parsed, now)]
    held = {store: judge_chain(reading.chain, roots, at=now) for store, roots in stores.items()}
    if leaf is not None:
        problems += _trust_problems(list(held.values()), chain)
    if reading.legacy:
        problems.append("It speaks only TLS that is outdated (RFC 8996).")
    if reading.without_server_name:
        problems.append("The server does not know this name; it was asked without one.")
    trust = [Trust(store, each.ok, each.message) for store, each in held.items() if chain]
    return CheckedAddress(address, reading, chain, match, trust, problems)


def _trust_problems(held: Sequence[Judged], chain: Sequence[Link]) -> list[str]:
    """Nothing where one store holds it, or where the certificates themselves say enough."""
    if not held or any(each.ok for each in held):
        return []
    # One that knows the root says most.
    judged = max(held, key=lambda each: (each.code != NO_ISSUER, each.depth))
    if judged.code in (SELF_SIGNED_LEAF, EXPIRED, NOT_YET_VALID):
        return []
    last = chain[-1].parsed
    if judged.code == NO_ISSUER and last is not None and not last.self_signed:
        return [
            f"No trust store knows who issued {_title(last)} ({last.issuer_title}): an "
            "intermediate is not served, or the root is not trusted."
        ]
    return [f"No trust store holds the chain: {judged.message}."]


def _link(der: bytes, now: datetime) -> Link:
    try:
        parsed = parse_certificate(der)
    except CertificateError:
        return Link(None)
    return Link(parsed, (parsed.not_after - now) // timedelta(days=1))


def _meaning(reading: Reading) -> str:
    meaning = MEANINGS.get(reading.result, "A chain was read")
    return f"{meaning}: {reading.detail.rstrip('.')}." if reading.detail else f"{meaning}."


def _leaf_problems(leaf: Parsed, name: str, *, match: bool, now: datetime) -> list[str]:
    found = _time(leaf, now)
    if not match:
        shown = [each.unicode or each.value for each in leaf.names if each.kind in ("dns", "ip")]
        more = f" and {len(shown) - 5} more" if len(shown) > 5 else ""
        held = f"it is for {', '.join(shown[:5])}{more}" if shown else "it names no host"
        found.append(f"The certificate is not for {unicode_host(name)}: {held}.")
    if leaf.self_signed:
        found.append("The certificate is self-signed.")
    found += [f"The certificate is broken: {each}." for each in leaf.errors[:5]]
    return found


def _time(parsed: Parsed, now: datetime) -> list[str]:
    if parsed.not_after < now:
        return [f"Expired {span_of(now - parsed.not_after)} ago."]
    if parsed.not_before > now:
        return [f"Not valid for another {span_of(parsed.not_before - now)}."]
    lifetime, left = parsed.not_after - parsed.not_before, parsed.not_after - now
    # A third is when most renew by themselves (RFC 8555's clients); a fifth is late.
    if left < lifetime / 5 and not parsed.is_ca:
        return [f"Expires in {span_of(left)}."]
    return []


def span_of(span: timedelta) -> str:
    """Such as "3 days" or "40 minutes"."""
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if (count := int(span.total_seconds()) // size) >= (2 if unit != "minute" else 1):
            return f"{count} {unit}{'s' if count != 1 else ''}"
    return "less than a minute"


def _title(parsed: Parsed) -> str:
    return parsed.common_name or parsed.subject or parsed.sha256[:16]


def _overall(look: Look[Asked], addresses: Sequence[CheckedAddress]) -> list[str]:
    found = []
    if look.resolved.trouble:
        found.append(f"{look.resolved.trouble[:300].rstrip('.')}.")
    leaves: dict[bytes, list[str]] = {}
    for each in addresses:
        if each.reading.chain:
            leaves.setdefault(each.reading.chain[0], []).append(each.address)
    if len(leaves) > 1:
        fewest = min(leaves.values(), key=len)
        found.append(
            f"The addresses serve {len(leaves)} different certificates: {', '.join(fewest[:5])} "
            f"{'differs' if len(fewest) == 1 else 'differ'} from the others."
        )
    return found


def _count(actor: Actor, now: datetime) -> None:
    who = f"key-{actor.key_id}" if actor.key_id else f"user-{actor.user_id}"
    key = f"certs-check-{who}-{now:%H%M}"
    cache.add(key, 0, timeout=120)
    try:
        count = cache.incr(key)
    except ValueError:  # it was dropped between the two
        return
    if count > MOST_A_MINUTE:
        raise RateLimitedError(
            f"{MOST_A_MINUTE} checks a minute are the most; try again later.",
            retry_after=60 - now.second,
        )


__all__ = ["MOST_A_MINUTE", "Checked", "CheckedAddress", "Link", "Trust", "check_host", "span_of"]

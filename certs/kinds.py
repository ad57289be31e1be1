"""What can be wrong: the kinds of findings."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding. `severity` is its usual one; empty: noted, nobody is alerted."""

    slug: str
    title: str
    about: Literal["certificate", "endpoint", "source"]
    severity: str
    meaning: str
    remedy: str


_ALL = (
    Kind("expiring", "Expires soon", "certificate", "warning",
         "Less is left than its policy asks for, and no renewed one is in its place.",
         "Renew it, and have what serves it load the new one."),
    Kind("expired", "Expired", "certificate", "critical",
         "Its time is over: clients refuse it.", "Renew it now."),
    Kind("not_yet_valid", "Not yet valid", "certificate", "high",
         "It is in use before its time: clients refuse it.",
         "Serve the old one until then; look at the clock of whoever issued it."),
    Kind("stale_served", "Old one still served", "certificate", "high",
         "A renewed one exists, and the old one is still served.",
         "Have what serves it load the new one."),
    Kind("weak_key", "Weak key", "certificate", "high",
         "The key can be broken with means of today.", "Issue it anew with a stronger key."),
    Kind("weak_signature", "Weak signature", "certificate", "high",
         "It is signed with a broken hash: clients refuse it.", "Have it issued anew."),
    Kind("revoked", "Revoked", "certificate", "critical",
         "Its issuer has taken it back.", "Replace it."),
    Kind("too_long_lived", "Lives too long", "certificate", "low",
         "It lives longer than browsers allow (CA/B BR 6.3.2).", "Have it issued anew, for less."),
    Kind("key_reuse", "Key used elsewhere", "certificate", "low",
         "Unrelated certificates have the same key: who has it has all of them.",
         "Give each a key of its own."),
    Kind("duplicate_serial", "Serial repeated", "certificate", "warning",
         "Its issuer has given the serial twice: revoking one revokes both.",
         "Tell the issuer."),
    Kind("unowned", "Nobody's", "certificate", "",
         "No rule says whose it is.", "Write an ownership rule."),
    Kind("unknown_in_ct", "Not known to us", "certificate", "high",
         "It was issued for a name of ours, and is neither stored nor served anywhere known.",
         "Find out who had it issued; have it revoked if nobody did."),
    Kind("name_mismatch", "Wrong name", "endpoint", "high",
         "The certificate served does not hold the name asked for (RFC 9525).",
         "Serve one that does."),
    Kind("untrusted", "Not trusted", "endpoint", "high",
         "No trust store has a root that the chain leads to.",
         "Serve a chain to a known root; add an own root as a trust store."),
    Kind("self_signed", "Self-signed", "endpoint", "warning",
         "The certificate vouches for itself.", "Have it issued by an authority."),
    Kind("incomplete_chain", "Chain incomplete", "endpoint", "high",
         "An intermediate is not served: clients that do not fetch it refuse.",
         "Serve the intermediate as well."),
    Kind("wrong_order", "Chain in disorder", "endpoint", "",
         "The chain holds more than it must, or in another order.", "Serve leaf first, no root."),
    Kind("expired_intermediate", "Intermediate expired", "endpoint", "critical",
         "A certificate on the path has expired: clients refuse the chain.",
         "Serve the issuer's current intermediate."),
    Kind("expiring_intermediate", "Intermediate expires soon", "endpoint", "warning",
         "A certificate on the path expires before long.",
         "Serve the issuer's next intermediate."),
    Kind("inconsistent_addresses", "Addresses differ", "endpoint", "high",
         "Addresses of one name serve different certificates.", "Reload those that are behind."),
    Kind("legacy_protocol", "Outdated TLS", "endpoint", "low",
         "It speaks only TLS 1.0 or 1.1, or exchanges keys by RSA (RFC 8996).",
         "Turn on TLS 1.2 and 1.3."),
    Kind("unreachable", "Not reached", "endpoint", "warning",
         "No chain could be read for long; what it serves is not known.",
         "See whether it is gone, and remove it then."),
    Kind("crl_stale", "Revocation list out of date", "certificate", "low",
         "The issuer's list is past its next update, and no newer one can be had.",
         "Tell the issuer, or look at the way to it."),
    Kind("source_failing", "Source fails", "source", "warning",
         "What it would tell of is missing; what it told stays as it was.",
         "See its runs."),
    Kind("source_empty", "Source is empty", "source", "warning",
         "It found nothing, where it had found much.", "See its options and permissions."),
)  # fmt: skip
KINDS: Mapping[str, Kind] = MappingProxyType({kind.slug: kind for kind in _ALL})

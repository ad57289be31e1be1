"""Of a log's entries those that are for names of ours."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from certs.models import Domain
from certs.normalise import FoundCertificate, FoundTrouble
from certs.sources.ct.entries import LogEntry
from certs.x509 import CertificateError, Parsed, parse_certificate
from opsportal.lib.times import format_instant


def our_domains() -> frozenset[str]:
    """In A-labels, without a dot at the end."""
    names = Domain.objects.values_list("name", flat=True)
    return frozenset(name.strip(".").lower() for name in names) - {""}


def found_in(
    entry: LogEntry, log: str, index: int, domains: Collection[str]
) -> Iterator[FoundCertificate | FoundTrouble]:
    """The certificate, if it is for a name below one of the domains; else nothing."""
    # Most of a log is not ours: a search for bytes spares reading them.
    lowered = entry.der.lower()
    if not any(domain.encode() in lowered for domain in domains):
        return
    locator = f"{log}/{index}"
    try:
        parsed = parse_certificate(entry.der)
    except CertificateError as error:
        yield FoundTrouble(locator, error.message)
        return
    if not is_ours(parsed, domains):
        return
    if entry.tbs_sha256:
        # The log signs this digest; what lies beside the entry it does not.
        parsed = replace(parsed, tbs_sha256=entry.tbs_sha256)
    facts = {
        "log": log,
        "entry": index,
        "logged_at": logged_at(entry.timestamp),
        "precertificate": bool(entry.tbs_sha256),
    }
    yield FoundCertificate(parsed, locator, facts=facts)


def is_ours(parsed: Parsed, domains: Collection[str]) -> bool:
    """Whether one of its names is one of the domains, or below it."""
    return any(
        rest in domains
        for name in parsed.names
        if name.kind in ("dns", "cn")
        for rest in _upwards(name.value)
    )


def _upwards(name: str) -> Iterator[str]:
    """The name and what is above it."""
    rest = name.lower().removeprefix("*.").rstrip(".")
    while rest:
        yield rest
        rest = rest.partition(".")[2]


def logged_at(timestamp: int) -> str:
    """Empty for a time that nobody can have."""
    try:
        return format_instant(datetime.fromtimestamp(timestamp / 1000, UTC))
    except (ValueError, OverflowError, OSError):
        return ""

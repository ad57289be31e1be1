"""Whether a chain holds against a trust store, offline and at any time.

OpenSSL builds and judges the path; what it does not ask is asked here: other paths where the first
one fails (RFC 4158), and the purposes that certificates are restricted to (RFC 5280, 4.2.1.12).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import crypto

from certs.trust.anchors import Anchors
from certs.trust.loaded import UNREADABLE, Loaded, load

# X509_V_ERR_* of OpenSSL's x509_vfy.h.
UNSPECIFIED = 1
NOT_YET_VALID, EXPIRED = 9, 10
SELF_SIGNED_LEAF = 18
NO_ISSUER = 20
WRONG_PURPOSE = 26

# Of what is served; a longer chain is nothing but a burden.
MAX_CHAIN = 32
# Paths that are tried where the first does not hold, and certificates in one.
_MAX_PATHS = 8
_MAX_DEPTH = 10
# Steps of looking for them, whatever the chain.
_MAX_STEPS = 200
_SECOND = timedelta(seconds=1)
_SERVER = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether a chain holds; `until`: as long as nothing but time changes."""

    ok: bool
    # OpenSSL's code of the first error, where on the path (0: the leaf), words, and whose.
    code: int = 0
    depth: int = 0
    message: str = ""
    culprit: str = ""
    # SHA-256 of the path that holds, from the leaf to the root.
    path: tuple[str, ...] = ()
    until: datetime | None = None


def judge_chain(
    chain: Sequence[bytes], anchors: Anchors, *, at: datetime, known: Sequence[bytes] = ()
) -> Judged:
    """Whether the first of these (DER, as served) is trusted by the others. Never raises.

    `known`: further intermediates that clients may know or fetch.
    """
    leaf = load(chain[0]) if chain else None
    if leaf is None:
        return Judged(False, UNSPECIFIED, 0, "the certificate cannot be verified")
    pool = _unique([*chain[1:MAX_CHAIN], *known[:MAX_CHAIN]], leaf)
    roots = _relevant([leaf, *pool], anchors)
    until = _next_moment([leaf, *pool, *roots], at)
    first = _verify(leaf, pool, roots, at, partial=anchors.partial)
    if not first.ok and _ambiguous(leaf, pool, roots):
        for path in _paths(leaf, pool):
            again = _verify(leaf, path, roots, at, partial=anchors.partial)
            if again.ok:
                return replace(again, until=until)
    return replace(first, until=until)


def _unique(ders: Iterable[bytes], leaf: Loaded) -> list[Loaded]:
    return [
        found for der in dict.fromkeys(ders) if der != leaf.der and (found := load(der)) is not None
    ]


def _relevant(certificates: Iterable[Loaded], anchors: Anchors) -> list[Loaded]:
    """The roots that may be on a path of these."""
    names = {name for each in certificates for name in (each.subject, each.issuer)}
    return [root for name in names for root in anchors.by_subject.get(name, ())]


def _next_moment(certificates: Iterable[Loaded], at: datetime) -> datetime | None:
    """When the next of them begins to be valid, or is no more: the last second counts."""
    moments = (
        moment for each in certificates for moment in (each.not_before, each.not_after + _SECOND)
    )
    return min((moment for moment in moments if moment > at), default=None)


def _ambiguous(leaf: Loaded, pool: Sequence[Loaded], roots: Sequence[Loaded]) -> bool:
    """Whether there is more than one way up to a root."""
    subjects = [each.subject for each in (leaf, *pool, *roots)]
    return bool(roots) and len(set(subjects)) < len(subjects)


def _paths(leaf: Loaded, pool: Sequence[Loaded]) -> Iterator[list[Loaded]]:
    """Ways up from the leaf by names, the longer before the shorter; a limited number."""
    steps = found = 0
    ways: list[list[Loaded]] = [[leaf]]
    while ways and steps < _MAX_STEPS and found < _MAX_PATHS:
        steps += 1
        way = ways.pop()
        above = [each for each in pool if each.subject == way[-1].issuer and each not in way]
        if above and len(way) < _MAX_DEPTH:
            ways += [[*way, each] for each in reversed(above)]
        else:
            found += 1
            yield way[1:]


def _verify(
    leaf: Loaded, pool: Sequence[Loaded], roots: Sequence[Loaded], at: datetime, *, partial: bool
) -> Judged:
    """By a store of its own, since the time of one can be set but once."""
    try:
        store = crypto.X509Store()
        store.set_time(at.astimezone(UTC))
        if partial:
            store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
        for root in roots:
            store.add_cert(root.openssl)
        context = crypto.X509StoreContext(store, leaf.openssl, [each.openssl for each in pool])
        verified = context.get_verified_chain()
    except crypto.X509StoreContextError as error:
        code, depth, message = error.errors
        return Judged(False, int(code), int(depth), str(message), _digest(error.certificate))
    except (crypto.Error, ValueError, OverflowError) as error:
        return Judged(False, UNSPECIFIED, 0, f"it cannot be verified: {error}"[:300])
    path = tuple(_digest(each) for each in verified)
    return _purpose(verified, path) or Judged(True, path=path)


def _digest(certificate: crypto.X509) -> str:
    return certificate.digest("sha256").decode().replace(":", "").lower()


def _purpose(verified: Sequence[crypto.X509], path: tuple[str, ...]) -> Judged | None:
    """The first below the root that may not be used for servers."""
    for depth, each in enumerate(verified[: max(len(verified) - 1, 1)]):
        try:
            extensions = each.to_cryptography().extensions
            usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except x509.ExtensionNotFound:
            continue
        except UNREADABLE:
            return Judged(False, WRONG_PURPOSE, depth, "unreadable extensions", path[depth])
        if not _SERVER & set(usage):
            words = "unsuitable certificate purpose"
            return Judged(False, WRONG_PURPOSE, depth, words, path[depth])
    return None

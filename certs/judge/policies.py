"""Which policy applies to a certificate: the first that matches, or the portal's own."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from certs.judge.facts import Facts
from certs.judge.first import FirstMatch
from certs.judge.thresholds import USUAL, Threshold, read_thresholds
from certs.models import CertificatePolicy
from opsportal.lib.errors import PayloadError


@dataclass(frozen=True, slots=True)
class Policy:
    """As judges ask it; `match` empty: every certificate."""

    name: str
    thresholds: Sequence[Threshold]
    stale_grace: timedelta = timedelta(hours=1)
    # Kinds that are noted, and nobody is alerted.
    without: frozenset[str] = frozenset()
    match: str = ""


# Where no policy matches.
BUILT_IN = Policy("usual", read_thresholds(USUAL))


def load_policies() -> list[Policy]:
    """Those that are enabled, in order, and the portal's own. One query."""
    return [
        *(compile_policy(row) for row in CertificatePolicy.objects.filter(enabled=True)),
        BUILT_IN,
    ]


def compile_policy(row: CertificatePolicy) -> Policy:
    """Of its row; thresholds that cannot be read are the usual ones, rather than none."""
    thresholds = BUILT_IN.thresholds
    with suppress(PayloadError):
        thresholds = read_thresholds(row.thresholds)
    return Policy(
        name=row.name, thresholds=thresholds, stale_grace=row.stale_grace,
        without=frozenset(map(str, row.without or ())), match=row.match.strip(),
    )  # fmt: skip


def policy_for(policies: FirstMatch[Policy], facts: Callable[[], Facts]) -> Policy:
    """The first that matches; facts are asked for only where one looks at them."""
    return policies.find(facts) or BUILT_IN

"""Which policy applies to a certificate: the first that matches, or the portal's own."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from certs.judge.facts import Facts, compile_or_never
from certs.judge.thresholds import USUAL, Threshold, read_thresholds
from certs.models import CertificatePolicy
from opsportal.lib.errors import PayloadError


@dataclass(frozen=True, slots=True)
class Policy:
    """As judges ask it; `matches` None: every certificate."""

    name: str
    thresholds: Sequence[Threshold]
    stale_grace: timedelta = timedelta(hours=1)
    # Kinds that are noted, and nobody is alerted.
    without: frozenset[str] = frozenset()
    match: str = ""
    matches: Callable[[Facts], bool] | None = None


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
        without=frozenset(map(str, row.without or ())), match=row.match,
        matches=compile_or_never(row.match) if row.match.strip() else None,
    )  # fmt: skip


def policy_for(policies: Sequence[Policy], facts: Callable[[], Facts]) -> Policy:
    """The first that matches; facts are asked for only where one looks at them."""
    return next(policy for policy in policies if policy.matches is None or policy.matches(facts()))

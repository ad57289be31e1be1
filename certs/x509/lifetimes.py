"""How long a publicly trusted certificate may be valid (CA/Browser Forum BR, 6.3.2; SC-081)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True)
class LifetimeRule:
    """Certificates with a notBefore from `since` on are valid for `days` of 86,400 s at most."""

    since: datetime
    days: int

    def __str__(self) -> str:
        return f"{self.days} days, for certificates from {self.since:%Y-%m-%d} on"


# The newest first. The first two are of ballots 193 and of the browsers' root programmes of 2020.
RULES = (
    LifetimeRule(datetime(2029, 3, 15, tzinfo=UTC), 47),
    LifetimeRule(datetime(2027, 3, 15, tzinfo=UTC), 100),
    LifetimeRule(datetime(2026, 3, 15, tzinfo=UTC), 200),
    LifetimeRule(datetime(2020, 9, 1, tzinfo=UTC), 398),
    LifetimeRule(datetime(2018, 3, 1, tzinfo=UTC), 825),
)


def lifetime_rule(not_before: datetime) -> LifetimeRule | None:
    """The rule for a certificate of that time; None for those older than any rule in days."""
    return next((rule for rule in RULES if not_before >= rule.since), None)


def lifetime(not_before: datetime, not_after: datetime) -> timedelta:
    """For how long a certificate is valid: its last second counts (RFC 5280, 4.1.2.5)."""
    return not_after - not_before + timedelta(seconds=1)


def excess_lifetime(not_before: datetime, not_after: datetime) -> timedelta | None:
    """By how much it is valid for longer than may be; None where it is not.

    Only for certificates that chain to a publicly trusted root.
    """
    rule = lifetime_rule(not_before)
    if rule is None:
        return None
    excess = lifetime(not_before, not_after) - timedelta(days=rule.days)
    return excess if excess > timedelta(0) else None

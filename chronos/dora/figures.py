"""The figures of some deployments, of which each says how many it is of."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median

# Why a deployment counts as failed, the first that holds: it did not succeed, an alert was found
# to come of it, it was taken back, it was mended in a hurry.
FAILED, BLAMED, ROLLED_BACK, HOTFIXED = REASONS = ("failed", "blamed", "rolled_back", "hotfixed")


@dataclass(slots=True)
class Figures:
    """Of one week, one service, or all. What is None is not known."""

    # So long it was looked at.
    days: float
    # Those that succeeded.
    deployments: int = 0
    # And those that did not; rollbacks are neither.
    attempts: int = 0
    # Deployments with the times of their commits.
    with_commits: int = 0
    rollbacks: int = 0
    hotfixes: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    # Seconds: of each commit until it ran, and of each failure until something newer ran.
    lead_seconds: list[float] = field(default_factory=list)
    recovery_seconds: list[float] = field(default_factory=list)

    @property
    def per_day(self) -> float | None:
        """Deployment frequency."""
        return self.deployments / self.days if self.days else None

    @property
    def lead_time(self) -> timedelta | None:
        """Change lead time: the median from commit to its deployment's end."""
        return _median(self.lead_seconds)

    @property
    def failed(self) -> int:
        """Deployments that failed, for whatever reason."""
        return self.reasons.total()

    @property
    def fail_rate(self) -> float | None:
        """Change fail rate, 0 to 1."""
        return self.failed / self.attempts if self.attempts else None

    @property
    def recovered(self) -> int:
        """Failures after which something newer was deployed."""
        return len(self.recovery_seconds)

    @property
    def recovery_time(self) -> timedelta | None:
        """Failed deployment recovery time: the median of those that were recovered from."""
        return _median(self.recovery_seconds)

    @property
    def rework(self) -> int:
        """Deployments nobody had planned: rollbacks and hotfixes."""
        return self.rollbacks + self.hotfixes

    @property
    def rework_rate(self) -> float | None:
        """Deployment rework rate, 0 to 1."""
        whole = self.attempts + self.rollbacks
        return self.rework / whole if whole else None


def _median(seconds: list[float]) -> timedelta | None:
    return timedelta(seconds=median(seconds)) if seconds else None

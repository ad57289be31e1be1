"""What tests of questions share: the moment and the names of the survey's examples."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from chronos.ask import KnownNames, Reading, read_question

# A Sunday.
NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
NAMES = KnownNames(
    {
        "service": ("api", "web", "checkout"),
        "environment": ("prod", "staging"),
        "region": ("eu-west-1",),
        "actor": ("ann",),
        "source": ("github",),
        "kind": ("rule",),
    }
)


def read(question: str, *, now: datetime = NOW, zone: str = "UTC", names=NAMES) -> Reading:
    """The reading of the question at the survey's moment."""
    return read_question(question, now=now, zone=ZoneInfo(zone), names=names)

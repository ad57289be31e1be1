"""The noise report is kept for some minutes: it looks at weeks, and many look at it."""

from datetime import datetime, timedelta
from hashlib import blake2b

from django.core.cache import cache

from alerts.noise.report import NoiseReport, report_noise

_KEPT = timedelta(minutes=5)


def recall_noise(now: datetime, team: str = "") -> NoiseReport:
    """The report of a moment ago, or a new one."""
    team = team.replace("\0", "")  # PostgreSQL cannot be asked for such a text
    key = f"noise:{blake2b(team.encode(), digest_size=12).hexdigest()}"
    found = cache.get(key)
    if isinstance(found, NoiseReport) and timedelta(0) <= now - found.now < _KEPT:
        return found
    found = report_noise(now=now, team=team)
    cache.set(key, found, _KEPT.total_seconds())
    return found

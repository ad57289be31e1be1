"""Periodic jobs."""

from opsportal.lib.times import utc_now
from opsportal.safety.expire import expire_operations


def expire_safety() -> None:
    """End what nobody brought to an end."""
    expire_operations(now=utc_now())

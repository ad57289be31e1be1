"""Deployments for tests of what is running and of what is made of them."""

from datetime import datetime, timedelta

from chronos.normalise import Change
from chronos.record import record_changes
from opsportal.lib.times import utc_now

NOW = utc_now().replace(microsecond=0)


def at(minutes: float) -> datetime:
    """So many minutes from now."""
    return NOW + timedelta(minutes=minutes)


def deployed(version: str, minutes: float, **facts) -> Change:
    """A deployment of the api to prod that ended so many minutes from now."""
    return Change(
        **{
            "kind": "deployment", "title": f"api {version}", "actor": "jo", "source": "ci",
            "service": "api", "environment": "prod", "status": "succeeded", "version": version,
            "started_at": at(minutes - 1), "ended_at": at(minutes),
            "external_id": f"{version} {minutes} {sorted(facts.items(), key=str)}",
            **facts,
        }
    )  # fmt: skip


def record(*changes: Change) -> None:
    """Report them."""
    record_changes(changes, now=NOW)

"""What matchers see of an alert: its labels, overlaid by the fields everyone uses."""

from collections.abc import Mapping
from types import MappingProxyType

from alerts.models import Alert
from alerts.normalise import AlertEvent
from opsportal.lib.matchers.values import text_of

# Matcher name -> column (or lookup) of Alert; every other name is looked up in `labels`.
MATCH_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "name": "name",
        "severity": "severity",
        "status": "status",
        "source": "source",
        "service": "service",
        "resource": "resource",
        "environment": "environment",
        "region": "region",
        "dedup_key": "dedup_key",
        "summary": "summary",
        "team": "team__name",
        "value": "value",
    }
)


def alert_labels(alert: Alert) -> dict[str, str]:
    """The labels of a stored episode; a team must have been fetched with it."""
    return _overlay(alert, alert.team.name if alert.team else "")


def event_labels(event: AlertEvent, team: str = "") -> dict[str, str]:
    """The labels of an event that is not stored (yet)."""
    return _overlay(event, team)


def _overlay(facts: Alert | AlertEvent, team: str) -> dict[str, str]:
    labels = dict(facts.labels)
    for name in MATCH_FIELDS:
        if name == "team":
            labels[name] = team
        elif name == "value":
            labels[name] = text_of(facts.value)
        else:
            labels[name] = getattr(facts, name)
    return labels

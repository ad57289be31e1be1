"""What matchers see of an alert: its labels, overlaid by the fields everyone uses."""

from collections.abc import Mapping
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from alerts.models import Alert
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

_PLAIN = tuple(name for name in MATCH_FIELDS if name not in ("team", "value"))
_look = attrgetter(*_PLAIN)


def alert_labels(alert: Alert) -> dict[str, str]:
    """The labels of a stored episode; a team must have been fetched with it."""
    return overlay_labels(alert, alert.team.name if alert.team else "")


def overlay_labels(facts: Any, team: str) -> dict[str, str]:
    """Labels of anything that has the fields of an alert."""
    labels = dict(facts.labels)
    labels.update(zip(_PLAIN, _look(facts), strict=True))
    labels["team"] = team
    labels["value"] = "" if facts.value is None else text_of(facts.value)
    return labels

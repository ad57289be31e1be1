"""What matchers see of an alert: its labels, overlaid by the fields everyone uses."""

from collections.abc import Mapping
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from django.db.models import Case, F, Q, TextField, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.db.models.lookups import IsNull

from alerts.models import Alert
from alerts.normalise import ALERTMANAGER_KEY
from opsportal.lib.matchers.columns import LabelText
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
# Before the name of a field: the label of that name, which the field hides.
LABEL = "label."
# What an alert shows that came without Alertmanager's labels: label -> field.
SHOWN: Mapping[str, str] = MappingProxyType(
    {
        "alertname": "name",
        "severity": "severity",
        "service": "service",
        "instance": "resource",
        "environment": "environment",
        "region": "region",
    }
)

_PLAIN = tuple(name for name in MATCH_FIELDS if name not in ("team", "value"))
_look = attrgetter(*_PLAIN)
_SHOWN = tuple(SHOWN)
_shown = attrgetter(*SHOWN.values())
_HIDDEN = {name: LABEL + name for name in MATCH_FIELDS}


def alert_labels(alert: Alert) -> dict[str, str]:
    """The labels of a stored episode; a team must have been fetched with it."""
    return overlay_labels(alert, alert.team.name if alert.team else "")


def overlay_labels(facts: Any, team: str) -> dict[str, str]:
    """Labels of anything that has the fields of an alert."""
    shown = shown_labels(facts, team)
    labels = dict(shown)
    labels.update(zip(_PLAIN, _look(facts), strict=True))
    labels["team"] = team
    labels["value"] = "" if facts.value is None else text_of(facts.value)
    for name in _HIDDEN.keys() & shown.keys():
        labels[_HIDDEN[name]] = shown[name]
    return labels


def shown_labels(facts: Any, team: str) -> dict[str, str]:
    """The labels by which Alertmanager's API knows an alert: as they were sent.

    What came in another way gets those that everybody looks for.
    """
    labels = facts.labels
    if "alertname" in labels or facts.dedup_key.startswith(ALERTMANAGER_KEY):
        return dict(labels)
    shown = {name: value for name, value in zip(_SHOWN, _shown(facts), strict=True) if value}
    if team:
        shown["team"] = team
    shown.update(labels)
    return shown


# For those that came without Alertmanager's labels.
_OTHERS = ~Q(dedup_key__startswith=ALERTMANAGER_KEY) & Q(
    IsNull(LabelText("labels", "alertname"), True)
)


def _shown_column(name: str, *more: Combinable) -> Combinable:
    """The label as `shown_labels` has it, in the database."""
    column = "team__name" if name == "team" else SHOWN.get(name)
    found: list[Any] = [LabelText("labels", name)]
    if column is not None:
        given = _OTHERS & ~Q(**{column: ""})
        found.append(Case(When(given, then=F(column)), output_field=TextField()))
    return Coalesce(*found, *more, Value(""), output_field=TextField())


# Matcher name -> how a database finds it, for `filter_queryset`.
QUERY_FIELDS: Mapping[str, str | Combinable] = MappingProxyType(
    {
        **{name: _shown_column(name) for name in ("alertname", "instance")},
        **{
            LABEL + name: _shown_column(name, LabelText("labels", LABEL + name))
            for name in MATCH_FIELDS
        },
        **MATCH_FIELDS,
    }
)

"""The open alerts because of which inhibitions hold back others: one bounded query."""

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet
from django.db.models.lookups import In

from alerts.labels import MATCH_FIELDS, QUERY_FIELDS, alert_labels
from alerts.models import Alert
from alerts.policy.compiled import CompiledInhibition
from alerts.policy.engine import Policy
from alerts.policy.verdict import NOTHING_FIRES, Firing, Source
from opsportal.lib.matchers import Matchers, filter_queryset
from opsportal.lib.matchers.columns import LabelText

# The newest; beyond, a target may be told although an older source explains it.
MOST_SOURCES = 5_000
# Beyond so many values of a label, all are fetched.
_MOST_VALUES = 200
_SETTABLE = {"severity", "service", "team"}
_COLUMNS = ("labels", *(column for name, column in MATCH_FIELDS.items() if name != "team"))


def find_firing(policy: Policy, labels: Iterable[dict[str, str]]) -> Firing:
    """The sources that may hold back alerts of these labels; no query where there can be none."""
    subjects = list(labels)
    wanted = []
    for inhibition in policy.inhibitions:
        # What rules may yet set decides nothing here.
        fixed = tuple(item for item in inhibition.matchers.items if item.name not in _SETTABLE)
        matches = Matchers(fixed).matches
        targets = [found for found in subjects if matches(found)]
        if targets and not inhibition.complaint:
            wanted.append((inhibition, targets))
    if not wanted:
        return NOTHING_FIRES
    open_alerts = Alert.objects.filter(resolved_at=None).order_by("-id")
    rows = reduce(or_, [_sources(open_alerts, *found) for found in wanted])
    rows = rows.select_related("team").only(*_COLUMNS, "team__name")
    found = []
    for alert in rows[:MOST_SOURCES]:
        seen = alert_labels(alert)
        for inhibition, _ in wanted:
            if inhibition.sources.matches(seen):
                equal = tuple([seen.get(name, "") for name in inhibition.equal])
                two_sided = inhibition.matchers.matches(seen)
                found.append((inhibition.id, equal, Source(alert.pk, alert.name, two_sided)))
    return Firing(found)


def _sources(
    open_alerts: QuerySet[Alert],
    inhibition: CompiledInhibition,
    targets: Sequence[dict[str, str]],
) -> QuerySet[Alert]:
    """The alerts that match, with values that a target has where they must be equal."""
    rows = filter_queryset(open_alerts, inhibition.sources, QUERY_FIELDS)
    for name in inhibition.equal:
        values = {found.get(name, "") for found in targets} - {""}
        if name in _SETTABLE or name == "value" or len(values) > _MOST_VALUES:
            continue
        column = QUERY_FIELDS.get(name, LabelText("labels", name))
        if isinstance(column, str):
            rows = rows.filter(**{f"{column}__in": sorted(values)})
        elif values:
            rows = rows.filter(Q(In(column, sorted(values))))
    return rows

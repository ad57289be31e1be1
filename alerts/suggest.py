"""What the labels of alerts are called and hold, for those who write matchers."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from alerts.labels import MATCH_FIELDS
from alerts.models import Alert
from alerts.normalise import SEVERITIES

# The newest episodes are asked; older ones seldom know other labels.
LOOKED_AT = 1_000
MOST_LABELS, MOST_VALUES, LONGEST_VALUE = 200, 30, 200
# Nearly every alert has another; suggestions of these would help nobody.
_SINGULAR = frozenset({"summary", "value", "dedup_key"})
_KNOWN = {"severity": SEVERITIES, "status": tuple(Alert.Status.values)}


def suggest_labels() -> dict[str, list[str]]:
    """Label -> its most frequent values among the newest alerts; one query."""
    seen: defaultdict[str, Counter[str]] = defaultdict(Counter)
    columns = [name for name in MATCH_FIELDS if name not in _SINGULAR and name not in _KNOWN]
    rows = Alert.objects.order_by("-id").values_list(
        *(MATCH_FIELDS[name] for name in columns), "labels"
    )
    for *values, labels in rows[:LOOKED_AT]:
        facts = dict(labels) | dict(zip(columns, values, strict=True))
        for name, value in facts.items():
            values_of = seen[name]
            if isinstance(value, str) and 0 < len(value) <= LONGEST_VALUE:
                values_of[value] += 1
    extra = sorted(seen.keys() - MATCH_FIELDS.keys(), key=lambda name: -seen[name].total())
    names: Sequence[str] = [*MATCH_FIELDS, *extra[:MOST_LABELS]]
    found = {name: [value for value, _ in seen[name].most_common(MOST_VALUES)] for name in names}
    return found | {name: list(values) for name, values in _KNOWN.items()}

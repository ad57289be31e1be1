"""The past as previews ask about it: transitions with what matchers saw, and what fired when."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from alerts.labels import alert_labels
from alerts.models import Alert, Decision, Transition
from alerts.policy import Firing, Policy, Source
from alerts.preview.run import ENDS, OF_SEVERITY, Happened

Kind = Transition.Kind
_ASKED = (
    *OF_SEVERITY,
    *ENDS,
    Kind.WOKEN,
    Kind.RELEASED,
    Kind.ACKNOWLEDGED,
    Kind.UNACKNOWLEDGED,
)
_COLUMNS = (
    "pk", "kind", "at", "after", "alert_id", "alert__runbook_url",
    "decision__labels", "decision__outcome",
)  # fmt: skip
_CHUNK = 500
MOST_SOURCES = 5_000
# Inhibition, values that must be equal, source, since when, until when.
_Span = tuple[int, tuple[str, ...], Source, datetime, datetime]


def past_transitions(since: datetime, until: datetime, most: int) -> tuple[list[Happened], bool]:
    """The newest, oldest first, and whether there were more."""
    rows = Transition.objects.filter(at__gte=since, at__lt=until, kind__in=_ASKED)
    found = list(rows.order_by("-at", "-id").values_list(*_COLUMNS)[: most + 1])
    bounded = len(found) > most
    found = found[:most][::-1]
    stored = _labels_of({alert for *_, alert, _, labels, _ in found if labels is None})
    happened = []
    for pk, kind, at, after, alert, runbook_url, seen, outcome in found:
        labels = seen if seen is not None else stored[alert]
        severity = after if kind in OF_SEVERITY else labels.get("severity", "")
        snoozed = outcome == Decision.Outcome.SNOOZED
        happened.append(Happened(pk, kind, at, alert, severity, labels, runbook_url, snoozed))
    return happened, bounded


def _labels_of(alerts: Iterable[int]) -> dict[int, dict[str, str]]:
    wanted, found = sorted(alerts), {}
    for start in range(0, len(wanted), _CHUNK):
        rows = Alert.objects.filter(pk__in=wanted[start : start + _CHUNK]).select_related("team")
        for alert in rows.defer("raw", "description", "annotations", "links"):
            found[alert.pk] = alert_labels(alert)
    return found


class PastFiring(Firing):
    """What fired at the time `at`, which whoever asks sets."""

    def __init__(self, at: datetime, spans: Iterable[_Span] = ()) -> None:
        super().__init__()
        self.at = at
        self._spans: dict[tuple[int, tuple[str, ...]], list[tuple[Source, datetime, datetime]]]
        self._spans = defaultdict(list)
        for inhibition, equal, source, start, end in spans:
            self._spans[inhibition, equal].append((source, start, end))

    def __bool__(self) -> bool:
        return bool(self._spans)

    def source(
        self, inhibition: int, equal: tuple[str, ...], pk: int, *, two_sided: bool
    ) -> Source | None:
        """As of the time `at`."""
        return next(
            (
                source
                for source, start, end in self._spans.get((inhibition, equal), ())
                if start <= self.at < end
                and source.pk != pk
                and not (two_sided and source.two_sided)
            ),
            None,
        )


def past_firing(policy: Policy, since: datetime, until: datetime) -> PastFiring:
    """The sources of inhibitions from `since` to `until`; no query where there are none."""
    if not policy.inhibitions:
        return PastFiring(since)
    lived = Alert.objects.filter(received_at__lt=until).filter(
        Q(resolved_at=None) | Q(resolved_at__gt=since)
    )
    spans = []
    rows = lived.select_related("team").defer("raw", "description", "annotations", "links")
    for alert in rows.order_by("-id")[:MOST_SOURCES]:
        labels = alert_labels(alert)
        for inhibition in policy.inhibitions:
            if inhibition.sources.matches(labels) and not inhibition.complaint:
                equal = tuple([labels.get(name, "") for name in inhibition.equal])
                two_sided = inhibition.matchers.matches(labels)
                source = Source(alert.pk, alert.name, two_sided)
                end = alert.resolved_at or until
                spans.append((inhibition.id, equal, source, alert.received_at, end))
    return PastFiring(since, spans)

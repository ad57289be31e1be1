"""What was held back is told once nothing holds it back any more and it still fires.

Suppression is computed, so its end is no event: a silence's time passes, a change ends, a source
is resolved, a rule is changed. Every few seconds the open alerts that are held back are asked
about again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from alerts.labels import MATCH_FIELDS, alert_labels
from alerts.models import Alert, Decision, Transition
from alerts.policy import Firing, Policy, StoredSubject, load_policy
from alerts.policy.firing import find_firing
from alerts.route.flapping import Openings, count_openings, flapping_note
from opsportal.lib.jobs import nudge
from opsportal.lib.outbox import UNFINISHED

Kind = Transition.Kind
BATCH = 500
# Even when neither the policy nor its silences have changed: senders may have changed labels.
FULL_LOOK_EVERY = timedelta(minutes=1)
# What may end without any change of the policy, by how its text begins.
_BY_ALERTS = Q(suppressed__startswith="inhibited") | Q(suppressed__startswith="flapping")
_COLUMNS = (
    "id", "dedup_key", "flapping", "received_at", "runbook_url", "suppressed", "labels",
    *(column for name, column in MATCH_FIELDS.items() if name != "team"), "team__name",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Look:
    """What the last full look of this process was made with."""

    policy: Policy
    holding: tuple[tuple[int, ...], tuple[int, ...]]
    at: datetime


_last: list[_Look] = []


def release_held(*, now: datetime) -> int:
    """Have told what nothing holds back any more; how many alerts that were."""
    policy = load_policy()
    held = Alert.objects.filter(resolved_at=None).exclude(suppressed="")
    look = _Look(policy, policy.holding_at(now), now)
    if not _is_due(look):
        held = held.filter(_BY_ALERTS)
    released, after = 0, 0
    rows = held.select_related("team").only(*_COLUMNS).order_by("pk")
    while alerts := list(rows.filter(pk__gt=after)[:BATCH]):
        after = alerts[-1].pk
        if free := _free(alerts, policy, now):
            released += _release(free, now)
    return released


def _is_due(look: _Look) -> bool:
    """Whether everything is to be asked, not only what depends on other alerts."""
    last = _last[0] if _last else None
    if (
        last is not None
        and last.policy is look.policy
        and last.holding == look.holding
        and not any(rule.active_times for rule in look.policy.facts.rules)
        and timedelta(0) <= look.at - last.at < FULL_LOOK_EVERY
    ):
        return False
    _last[:] = [look]
    return True


def _free(alerts: Sequence[Alert], policy: Policy, now: datetime) -> list[int]:
    """Those that nothing holds back now."""
    firing = Firing()
    if policy.inhibitions:
        firing = find_firing(policy, map(alert_labels, alerts))
    openings = count_openings([found.dedup_key for found in alerts if found.flapping], now)
    free = []
    for alert in alerts:
        verdict = policy.decide(StoredSubject(alert), alert.severity, now=now, firing=firing)
        if not verdict.suppressed and not _flaps(alert, openings, now):
            free.append(alert.pk)
    return free


def _flaps(alert: Alert, openings: Mapping[str, Openings], now: datetime) -> bool:
    return flapping_note(Kind.RELEASED, alert, dict(openings), now)[1]


def _release(alert_ids: Sequence[int], now: datetime) -> int:
    with transaction.atomic():
        # What is about to be routed anyhow is left to that, and to the next time.
        busy = Decision.objects.filter(UNFINISHED, transition__alert__in=alert_ids)
        held: QuerySet[Alert] = Alert.objects.filter(pk__in=alert_ids, resolved_at=None)
        held = held.exclude(suppressed="").exclude(pk__in=busy.values("transition__alert"))
        locked = held.select_for_update(skip_locked=True, of=("self",)).order_by("dedup_key")
        found = list(locked.values_list("pk", "suppressed", "status"))
        if not found:
            return 0
        Alert.objects.filter(pk__in=[pk for pk, _, _ in found]).update(suppressed="")
        stored = Transition.objects.bulk_create(
            Transition(alert_id=pk, kind=Kind.RELEASED, at=now, before=suppressed, after=status)
            for pk, suppressed, status in found
        )
        Decision.objects.bulk_create(Decision(transition=made, due_at=now) for made in stored)
        nudge("alerts.decisions")
    return len(found)

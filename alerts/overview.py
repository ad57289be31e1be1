"""What an operator wants to know first. A fixed number of queries, each bounded by its index."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncHour

from alerts.escalate import late_escalations
from alerts.models import Alert, Notification, Transition
from alerts.normalise import SEVERITIES, SEVERITY_RANK
from alerts.search import severity_rank
from chronos.models import ChangeEvent
from opsportal.lib.outbox import OutboxRow, all_outboxes, oldest_due
from opsportal.runtime.heartbeat import DISPATCHER, STALE_SECONDS, latest_beat

HOURS = 24
# The dispatcher writes its sign of life every few seconds.
SILENT_AFTER = timedelta(seconds=STALE_SECONDS)
LATE_AFTER = timedelta(minutes=1)
_LISTED = 10
_SERVICES = 12
# Counting on would cost more than the figure is worth.
COUNT_CAP = 500
# Columns of a dead notification's neighbours that the page does not show; secrets among them.
_UNREAD = ("channel__settings", "alert__raw", "alert__description")

Counts = Mapping[tuple[str, str, str], int]


@dataclass(frozen=True, slots=True)
class SeverityCount:
    """Open episodes of one severity."""

    severity: str
    firing: int
    acknowledged: int


@dataclass(frozen=True, slots=True)
class ServiceCount:
    """Open episodes of one service, with the worst severity among them."""

    service: str
    severity: str
    total: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Hour:
    """What came in and what was told in one hour."""

    start: datetime
    episodes: int
    repeats: int
    told: int


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the portal itself does its work."""

    dispatcher_beat: datetime | None
    alive: bool
    oldest_due: datetime | None
    late: bool
    # Pages that should have gone out by now.
    late_pages: int

    @property
    def sound(self) -> bool:
        """Whether people are told in time."""
        return self.alive and not self.late and not self.late_pages


@dataclass(frozen=True, slots=True)
class Overview:
    """The dashboard's facts."""

    severities: Sequence[SeverityCount]
    services: Sequence[ServiceCount]
    waiting: Sequence[Alert]
    held_back: int
    dead: Sequence[Notification]
    dead_count: int
    hours: Sequence[Hour]
    changes: Sequence[ChangeEvent]
    health: Health
    open_count: int = field(default=0)

    @property
    def episodes(self) -> int:
        """Episodes begun in the window."""
        return sum(hour.episodes for hour in self.hours)

    @property
    def repeats(self) -> int:
        """Repeats of those episodes, which nobody had to hear."""
        return sum(hour.repeats for hour in self.hours)

    @property
    def told(self) -> int:
        """Notifications handed over in the window."""
        return sum(hour.told for hour in self.hours)


def survey_alerts(now: datetime) -> Overview:
    """All facts of the dashboard, as of `now`."""
    counts = _open_counts()
    severities = _by_severity(counts)
    firing = _firing(now)
    # A storm that a rule holds back must not hide the one alert that somebody has to take.
    waiting = firing.filter(suppressed="").defer("raw", "description")
    dead = Notification.objects.filter(state=OutboxRow.State.DEAD).order_by("-id")
    return Overview(
        severities=severities,
        open_count=sum(row.firing + row.acknowledged for row in severities),
        services=_by_service(counts),
        waiting=list(waiting.order_by(severity_rank().desc(), "id")[:_LISTED]),
        held_back=firing.exclude(suppressed="").count(),
        dead=list(dead.select_related("alert", "channel").defer(*_UNREAD)[:5]),
        dead_count=dead.values("pk")[:COUNT_CAP].count(),
        hours=_hours(now),
        changes=list(ChangeEvent.objects.all()[:8]),
        health=_health(now),
    )


def _open_counts() -> Counts:
    """(service, severity, status) -> open episodes: one query, grouped here."""
    rows = Alert.objects.filter(resolved_at=None).order_by()
    # The service not first: its index of all episodes would be walked instead of that of the open.
    counted = rows.values_list("severity", "status", "service").annotate(count=Count("pk"))
    return {(service, severity, status): count for severity, status, service, count in counted}


def _by_severity(counts: Counts) -> list[SeverityCount]:
    sums: Counter[tuple[str, str]] = Counter()
    for (_, severity, status), count in counts.items():
        sums[severity, status] += count
    return [
        SeverityCount(
            name, sums[name, Alert.Status.FIRING.value], sums[name, Alert.Status.ACKNOWLEDGED.value]
        )
        for name in SEVERITIES
    ]


def _by_service(counts: Counts) -> list[ServiceCount]:
    """The services that are worst off."""
    found: dict[str, ServiceCount] = {}
    for (service, severity, status), count in counts.items():
        known = found.get(service, ServiceCount(service, severity, 0, 0))
        found[service] = ServiceCount(
            service,
            max(severity, known.severity, key=SEVERITY_RANK.__getitem__),
            known.total + count,
            known.waiting + (count if status == Alert.Status.FIRING else 0),
        )
    return sorted(
        found.values(),
        key=lambda row: (-SEVERITY_RANK[row.severity], -row.waiting, -row.total, row.service),
    )[:_SERVICES]


def _firing(now: datetime) -> QuerySet[Alert]:
    """Not acknowledged and not snoozed."""
    asleep = Q(snoozed_until__gt=now)
    return Alert.objects.filter(resolved_at=None, status=Alert.Status.FIRING).exclude(asleep)


def _hours(now: datetime) -> list[Hour]:
    end = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    begin = end - timedelta(hours=HOURS)
    received = (
        Alert.objects.filter(received_at__gte=begin)
        .order_by()
        .annotate(hour=TruncHour("received_at"))
        .values_list("hour")
        .annotate(episodes=Count("pk"), repeats=Sum("repeat_count"))
    )
    # Both ids and times grow: the first transition of the window bounds the search by an index.
    first = Transition.objects.filter(at__gte=begin).order_by("at").values("pk")[:1]
    told = (
        Notification.objects.filter(
            transition__gte=first, created_at__gte=begin, state=OutboxRow.State.DONE
        )
        .order_by()
        .annotate(hour=TruncHour("created_at"))
        .values_list("hour")
        .annotate(count=Count("pk"))
    )
    by_hour = {hour: (episodes, repeats or 0) for hour, episodes, repeats in received}
    tellings = Counter(dict(told))
    starts = [begin + timedelta(hours=number) for number in range(HOURS)]
    return [Hour(start, *by_hour.get(start, (0, 0)), tellings[start]) for start in starts]


def _health(now: datetime) -> Health:
    beat = latest_beat(DISPATCHER)
    late_for = max(oldest_due(outbox, now) for outbox in all_outboxes())
    return Health(
        dispatcher_beat=beat,
        alive=beat is not None and now - beat < SILENT_AFTER,
        oldest_due=now - late_for if late_for else None,
        late=late_for > LATE_AFTER,
        late_pages=late_escalations(now)[:COUNT_CAP].count(),
    )

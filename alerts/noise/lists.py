"""What talks most, what flaps, and which rules never match."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, QuerySet, Sum, Value
from django.db.models.functions import Coalesce

from alerts.models import Alert, Notification, Rule, RuleHit, Transition
from opsportal.lib.outbox import OutboxRow

LISTED = 10
# So often lately, and a key flaps.
FLAPS = 5
_RULES = 200


@dataclass(frozen=True, slots=True)
class Talker:
    """One name of one service, lately."""

    name: str
    service: str
    episodes: int
    repeats: int
    notifications: int


@dataclass(frozen=True, slots=True)
class FlappingKey:
    """A key that opens again and again."""

    dedup_key: str
    name: str
    episodes: int
    latest: int


@dataclass(frozen=True, slots=True)
class QuietRule:
    """A rule that matched nothing in the window."""

    id: int
    name: str
    match: str
    team: str
    last_matched: date | None


def talkers(episodes: QuerySet[Alert], order: str) -> list[Talker]:
    """The names with the most `-episodes` or `-repeats`."""
    counted = (
        episodes.order_by()
        .values("name", "service")
        .annotate(episodes=Count("pk"), repeats=Sum("repeat_count"))
        .order_by(order, "name", "service")
    )
    return [Talker(**row, notifications=0) for row in counted[:LISTED]]


def most_told(since: datetime, team: str) -> list[Talker]:
    """The names that people were told of most."""
    # Both ids and times grow: the first transition of the window bounds the search by an index.
    first = Transition.objects.filter(at__gte=since).order_by("at").values("pk")[:1]
    told = Notification.objects.filter(
        transition__gte=first, created_at__gte=since, state=OutboxRow.State.DONE
    )
    if team:
        told = told.filter(alert__team__name=team)
    counted = (
        told.order_by()
        .values_list("alert__name", "alert__service")
        .annotate(notifications=Count("pk"), episodes=Count("alert", distinct=True))
        .order_by("-notifications", "alert__name", "alert__service")
    )
    return [
        Talker(name, service, episodes, 0, notifications)
        for name, service, notifications, episodes in counted[:LISTED]
    ]


def flapping(episodes: QuerySet[Alert]) -> list[FlappingKey]:
    """The keys that open most."""
    counted = (
        episodes.order_by()
        # Grouped by the column itself, SQLite would walk the index of all keys there ever were.
        .annotate(key=Coalesce("dedup_key", Value("")))
        .values_list("key")
        .annotate(name=Max("name"), episodes=Count("pk"), latest=Max("pk"))
        .filter(episodes__gte=FLAPS)
        .order_by("-episodes", "key")
    )
    return [FlappingKey(*row) for row in counted[:LISTED]]


def quiet_rules(since: date, team: str) -> list[QuietRule]:
    """Enabled rules without a match since; those that never matched first."""
    rules: QuerySet[Any] = Rule.objects.filter(enabled=True)
    if team:
        rules = rules.filter(team__name=team)
    lately = RuleHit.objects.filter(rule=OuterRef("pk"), day__gte=since, matched__gt=0)
    columns = ("id", "name", "match", "team__name")
    quiet: Iterable[tuple[Any, ...]] = (
        rules.filter(~Exists(lately)).order_by("order", "id").values_list(*columns)[:_RULES]
    )
    rows = list(quiet)
    before = RuleHit.objects.filter(rule__in=[row[0] for row in rows], matched__gt=0)
    last = dict(before.order_by().values_list("rule_id").annotate(Max("day")))
    found = [QuietRule(pk, name, match, of or "", last.get(pk)) for pk, name, match, of in rows]
    return sorted(found, key=lambda rule: (rule.last_matched is not None, rule.last_matched))

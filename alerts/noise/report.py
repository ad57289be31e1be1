"""The report put together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Min

from alerts.models import Alert, RuleHit
from alerts.noise.lists import (
    FlappingKey,
    QuietRule,
    Talker,
    flapping,
    most_told,
    quiet_rules,
    talkers,
)
from alerts.noise.weeks import (
    SAMPLE,
    Week,
    WeekTable,
    count_deeds,
    count_episodes,
    measure,
)
from opsportal.accounts.models import Team

WEEKS = 8
# Of talkers and flapping keys: what counts is what goes on now.
LATELY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class NoiseReport:
    """All of it, as of `now`. `sampled`: medians are of every so-manieth episode."""

    now: datetime
    since: datetime
    weeks: Sequence[Week]
    total: Week
    by_episodes: Sequence[Talker]
    by_repeats: Sequence[Talker]
    by_notifications: Sequence[Talker]
    flapping: Sequence[FlappingKey]
    quiet_rules: Sequence[QuietRule]
    counted_since: date | None
    sampled: int


def report_noise(*, now: datetime, weeks: int = WEEKS, team: str = "") -> NoiseReport:
    """What alerted without use in the last weeks; of one team, or of all. Ten queries or so.

    Episodes are counted where they began. Each query walks an index from the window's start.
    """
    monday = now.date() - timedelta(days=now.weekday() + 7 * (weeks - 1))
    since = now.replace(hour=0, minute=0, second=0, microsecond=0)
    since -= now.date() - monday
    bounds = [since + timedelta(weeks=number) for number in range(weeks)]
    episodes = Alert.objects.filter(received_at__gte=since)
    if team:
        episodes = episodes.filter(team__name=team)
    table = WeekTable(bounds, dict(Team.objects.values_list("pk", "name")))
    count_episodes(table, episodes)
    count_deeds(table, since, team)
    every = max(1, -(-table.total().resolved // SAMPLE))
    measure(table, episodes, since, team, every)
    lately = episodes.filter(received_at__gte=now - LATELY)
    return NoiseReport(
        now=now,
        since=since,
        weeks=table.rows(),
        total=table.total(),
        by_episodes=talkers(lately, "-episodes"),
        by_repeats=talkers(lately, "-repeats"),
        by_notifications=most_told(now - LATELY, team),
        flapping=flapping(lately),
        quiet_rules=quiet_rules(since.date(), team),
        counted_since=RuleHit.objects.aggregate(first=Min("day"))["first"],
        sampled=every,
    )

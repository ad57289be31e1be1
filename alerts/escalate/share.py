"""Who speaks for whom: what one person can look at is one walk.

Walks of one group share one. So do those of a team that is paged too often: what is more than
`PAGES_PER_MINUTE` joins the latest walk of the team.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b

import msgspec
from django.conf import settings
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from alerts.models import Alert, Escalation
from opsportal.lib.outbox import UNFINISHED, OutboxRow

OUTBOX = "alerts.escalations"
State, Progress = OutboxRow.State, Escalation.Progress
_MINUTE = timedelta(minutes=1)


def page_key(rule: int, team: int, labels: Sequence[tuple[str, str]]) -> str:
    """What the walks of one group have in common."""
    return blake2b(msgspec.json.encode((rule, team, labels)), digest_size=16).hexdigest()


def share_walks(rows: Sequence[Escalation], *, join: bool, now: datetime) -> None:
    """Give a leader to each row that is to follow, and none to those that walk by themselves.

    Leaders are stored walks, locked here, or others of the rows. With `join` a row may follow a
    walk of its group that is under way, else only one that begins with it.
    """
    teams = Counter(row.team_id for row in rows)
    begun = _count_begun(list(teams), now)
    crowded = [team for team in teams if begun[team] + teams[team] > settings.PAGES_PER_MINUTE]
    keys = {row.group_key for row in rows if row.group_key} if join else set()
    own = [row.pk for row in rows if not row._state.adding]
    groups, latest = _find_leaders(keys, crowded, own, now)
    for row in rows:
        place = (row.team_id, row.group_key)
        found = groups.get(place) if row.group_key else None
        if found is None:
            if begun[row.team_id] >= settings.PAGES_PER_MINUTE:
                found = latest.get(row.team_id)
            if found is None:
                begun[row.team_id] += 1
                latest[row.team_id] = row
            groups[place] = found or row
        row.leader = found


def awake(now: datetime) -> Q:
    """Of walks: those whose alert fires, and nothing holds it back."""
    unsnoozed = Q(alert__snoozed_until=None) | Q(alert__snoozed_until__lte=now)
    return unsnoozed & Q(
        alert__status=Alert.Status.FIRING, alert__resolved_at=None, alert__suppressed=""
    )


def following() -> QuerySet[Escalation]:
    """Walks that another's speaks for."""
    return Escalation.objects.filter(state=State.HELD, progress=Progress.FOLLOWING)


def with_others(rows: QuerySet[Escalation]) -> QuerySet[Escalation]:
    """Each with how many walks it speaks for, as `others`."""
    spoken_for = Escalation.objects.filter(
        leader=OuterRef("pk"), progress__in=[Progress.FOLLOWING, Progress.GROUP_TAKEN]
    )
    counted = spoken_for.order_by().values("leader").annotate(number=Count("pk")).values("number")
    return rows.annotate(others=Coalesce(Subquery(counted), 0))


def _count_begun(teams: Sequence[int], now: datetime) -> Counter[int]:
    """How many walks of each team have begun within the minute."""
    begun = Escalation.objects.filter(team__in=teams, began_at__gt=now - _MINUTE, leader=None)
    counted = begun.order_by().values("team").annotate(number=Count("pk"))
    return Counter({row["team"]: row["number"] for row in counted})


def _find_leaders(
    keys: set[str], crowded: Sequence[int], own: Sequence[int], now: datetime
) -> tuple[dict[tuple[int, str], Escalation], dict[int, Escalation]]:
    """The walks under way of groups, and the latest of each crowded team."""
    if not keys and not crowded:
        return {}, {}
    # One whose alert is over is passed on to what still fires of its group.
    mates = following().filter(leader=OuterRef("pk"), alert__status=Alert.Status.FIRING)
    passed_on = Q(alert__resolved_at__isnull=False) & Exists(mates)
    leading = Escalation.objects.filter(UNFINISHED, awake(now) | passed_on, leader=None)
    leading = leading.exclude(pk__in=own).order_by("pk")
    wanted = Q(group_key__in=keys)
    last: set[int] = set()
    if crowded:
        newest = leading.filter(team__in=crowded).order_by().values("team")
        last = {row["last"] for row in newest.annotate(last=Max("pk"))}
        wanted |= Q(pk__in=last)
    # Locked: whoever acknowledges one comes after us, and sees its followers, or before.
    found = list(leading.filter(wanted).select_for_update(of=("self",), no_key=True))
    groups = {(row.team_id, row.group_key): row for row in found if row.group_key in keys}
    return groups, {row.team_id: row for row in found if row.pk in last}

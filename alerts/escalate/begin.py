"""Walks begin, and begin anew."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import F, OuterRef, Subquery

from alerts.escalate.follow import adopt_followers, wake_followers
from alerts.escalate.share import OUTBOX, share_walks
from alerts.models import Alert, Escalation, Transition
from alerts.normalise import worse
from opsportal.accounts.models import Team
from opsportal.lib.ids import IdIn
from opsportal.lib.jobs import nudge
from opsportal.lib.outbox import OutboxRow

State, Progress = OutboxRow.State, Escalation.Progress


class Wish(NamedTuple):
    """A team to be paged for an alert."""

    alert_id: int
    team_id: int
    rule_id: int | None
    # Of `page_key`, where the rule groups.
    group_key: str = ""


@transaction.atomic
def start_escalations(
    wishes: Sequence[Wish], *, worsened: Collection[int] = (), now: datetime
) -> dict[int, list[str]]:
    """Page teams; what is to be said of alerts that are paged together with others, by their id.

    An alert has one walk for each team: a further wish changes nothing, unless the alert is among
    the `worsened`, whose walks begin anew if they have not for that severity. To be called once
    the alerts themselves are locked and written, as everybody locks those first. The number of
    queries does not grow with the wishes.
    """
    again = _worse(worsened) if worsened else []
    teams = {wish.team_id for wish in wishes} | {row.team_id for row in again}
    if not teams:
        return {}
    # One after the other begins walks of a team, so that a group gets one.
    locked = Team.objects.select_for_update(no_key=True).filter(pk__in=teams).order_by("pk")
    present = set(locked.values_list("pk", flat=True))
    if again:
        _restart(again, now)
    alerts = {wish.alert_id for wish in wishes}
    known = Escalation.objects.filter(IdIn(alerts, "alert_id")) if alerts else None
    seen = set(known.values_list("alert_id", "team_id")) if known is not None else set()
    rows = []
    for wish in wishes:
        place = (wish.alert_id, wish.team_id)
        if wish.team_id in present and place not in seen:
            seen.add(place)
            rows.append(_new(wish, now))
    if rows:
        share_walks(rows, join=True, now=now)
        _store(rows, now)
    notes: dict[int, list[str]] = {}
    for row in rows + again:
        if row.leader is not None:
            notes.setdefault(row.alert_id, []).append(_words(row))
    return notes


def restart_escalations(alert_ids: Collection[int], *, now: datetime) -> int:
    """Nobody has the alerts any more, or they are worse: each walk begins anew; how many."""
    rows = Escalation.objects.filter(alert_id__in=alert_ids).exclude(progress=Progress.RESOLVED)
    found = list(rows.order_by(F("leader").asc(nulls_first=True), "pk"))
    with transaction.atomic():
        if found:
            _restart(found, now)
    return len(found)


def _worse(alert_ids: Collection[int]) -> list[Escalation]:
    """Walks that have not begun for the severity of their alert; leaders first."""
    rows = Escalation.objects.filter(IdIn(alert_ids, "alert_id")).select_related("alert")
    rows = rows.exclude(progress=Progress.RESOLVED)
    return [
        row
        for row in rows.order_by(F("leader").asc(nulls_first=True), "pk")
        if row.progress == Progress.ACKNOWLEDGED
        or (row.severity and worse(row.alert.severity, row.severity))
    ]


def _new(wish: Wish, now: datetime) -> Escalation:
    return Escalation(
        alert_id=wish.alert_id,
        team_id=wish.team_id,
        rule_id=wish.rule_id,
        group_key=wish.group_key,
        created_at=now,
        began_at=now,
        due_at=now,
    )


def _store(rows: Sequence[Escalation], now: datetime) -> None:
    """Leaders first, as followers name them."""
    leaders = [row for row in rows if row.leader is None]
    followers = [row for row in rows if row.leader is not None]
    if leaders:
        Escalation.objects.bulk_create(leaders)
        nudge(OUTBOX)
    if followers:
        for row in followers:
            row.leader_id = row.leader.pk if row.leader else None
            row.state, row.progress, row.began_at = State.HELD, Progress.FOLLOWING, None
        Escalation.objects.bulk_create(followers)
        _note_severity(followers)
        _record(followers, now)


def _restart(rows: Sequence[Escalation], now: datetime) -> None:
    share_walks(rows, join=False, now=now)
    leaders = [row.pk for row in rows if row.leader is None]
    followers = [row for row in rows if row.leader is not None]
    anew = {"due_at": now, "attempts": 0, "last_error": "", "finished_at": None,
            "acknowledged_at": None}  # fmt: skip
    if leaders:
        Escalation.objects.filter(IdIn(leaders)).update(
            **anew,
            state=State.DUE,
            progress=Progress.WALKING,
            leader=None,
            round=F("round") + 1,
            first_round=F("round") + 1,
            step=0,
            began_at=now,
            next_at=None,
            severity="",
        )
        wake_followers(leaders)
        nudge(OUTBOX)
    if followers:
        Escalation.objects.filter(IdIn(row.pk for row in followers)).update(
            **anew, state=State.HELD, progress=Progress.FOLLOWING, began_at=None
        )
        Escalation.objects.bulk_update(followers, ["leader"])
        adopt_followers([row.pk for row in followers])
        _note_severity(followers)
        _record(followers, now)


def _note_severity(rows: Sequence[Escalation]) -> None:
    """What is paged together is paged for the severity that each has; a worse one is news."""
    severity = Alert.objects.filter(pk=OuterRef("alert_id")).values("severity")
    Escalation.objects.filter(IdIn(row.pk for row in rows)).update(severity=Subquery(severity))


def _record(rows: Sequence[Escalation], now: datetime) -> None:
    Transition.objects.bulk_create(
        Transition(
            alert_id=row.alert_id,
            kind=Transition.Kind.PAGED,
            at=now,
            after=f"with alert {row.leader.alert_id}",
            note=_words(row),
        )
        for row in rows
        if row.leader is not None
    )


def _words(row: Escalation) -> str:
    """With what else it is paged, and why."""
    if row.leader is None:
        return ""
    if row.group_key and row.group_key == row.leader.group_key:
        return f"Paged with alert {row.leader.alert_id}, of the same group."
    return f"Paged with alert {row.leader.alert_id}: joined because the team is paged too often."

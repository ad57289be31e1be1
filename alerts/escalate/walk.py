"""Walk: tell the next step of each due escalation, and say when the one after is due."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from alerts.escalate.follow import settle_followers
from alerts.escalate.tell import Reach, Way, find_way, reach_members, reach_step
from alerts.models import Alert, Escalation, Notification, Transition
from alerts.normalise import worse
from opsportal.lib.jobs import nudge
from opsportal.lib.outbox import OutboxRow
from opsportal.lib.times import format_duration

State, Progress = OutboxRow.State, Escalation.Progress
# While something suppresses the alert; its end is not known beforehand.
LOOK_AGAIN = timedelta(seconds=15)
_NOBODY = "nobody"


def walk_escalations(escalations: Sequence[Escalation], *, now: datetime) -> None:
    """Take each claimed escalation one step on, in a transaction of its own."""
    for row in escalations:
        with transaction.atomic():
            changes = _walk(row, now)
        if changes is not None:
            for name, value in changes.items():
                setattr(row, name, value)


def _walk(row: Escalation, now: datetime) -> dict[str, Any] | None:
    """Look at the alert, act, and settle the row; None when somebody else has it by now."""
    # Whoever acknowledges or resolves locks the episode too: it is before us, or after.
    alert = Alert.objects.select_for_update(of=("self",)).get(pk=row.alert_id)
    mine = Escalation.objects.filter(
        pk=row.pk, state=State.CLAIMED, attempts=row.attempts, due_at=row.due_at
    )
    held = mine.select_related("team").first()
    if held is None:
        return None
    held.alert = alert
    _Walker(held, alert, now).step_on()
    stored = mine.update(**{name: getattr(held, name) for name in _MOVED})
    if stored and held.progress != Progress.WALKING:
        settle_followers(held, now=now)
    return {name: getattr(held, name) for name in _MOVED}


_MOVED = (
    "state", "due_at", "attempts", "last_error", "finished_at", "policy_id", "progress", "round",
    "step", "first_round", "began_at", "severity", "next_at", "paged_at", "acknowledged_at",
)  # fmt: skip


class _Walker:
    """One look at one walk; the row is changed in memory and stored by the caller."""

    def __init__(self, row: Escalation, alert: Alert, now: datetime) -> None:
        self.row, self.alert, self.now = row, alert, now
        self.row.last_error = ""

    def step_on(self) -> None:
        """Whatever is to be done now."""
        row, alert = self.row, self.alert
        if alert.resolved_at is not None:
            self._end(Progress.RESOLVED)
            return
        if alert.status == Alert.Status.ACKNOWLEDGED:
            row.state, row.progress = State.HELD, Progress.ACKNOWLEDGED
            row.acknowledged_at = row.acknowledged_at or self.now
            return
        if row.severity and worse(alert.severity, row.severity):
            row.round += 1
            row.first_round, row.step, row.began_at, row.next_at = row.round, 0, self.now, None
            row.acknowledged_at = None
        row.severity = alert.severity
        again = self._held_back_until()
        if again is not None:
            self._wait(again, Progress.WAITING)
            return
        way = find_way(row.team)
        row.policy = way.policy
        self._tell_what_is_due(way)

    def _held_back_until(self) -> datetime | None:
        """When to look again, if nobody is to be told now."""
        snoozed = self.alert.snoozed_until
        if snoozed is not None and snoozed > self.now:
            return snoozed
        # What routing found last; release_held asks the policy again and clears it.
        return self.now + LOOK_AGAIN if self.alert.suppressed else None

    def _tell_what_is_due(self, way: Way) -> None:
        row = self.row
        if row.next_at is None:
            start = row.began_at or row.created_at
            if self._must_wait(start + way.delay_of(0)):
                return
        if row.step >= way.length:
            if row.round - row.first_round >= way.repeat:
                self._give_up()
                return
            row.round, row.step = row.round + 1, 0
            if self._must_wait(self.now + way.delay_of(0)):
                return
        # A step that reaches nobody does not make anybody wait.
        while row.step < way.length and not self._tell(way):
            row.step += 1
        row.step = min(row.step + 1, way.length)
        self._wait(self.now + way.delay_of(row.step), Progress.WALKING)

    def _must_wait(self, until: datetime) -> bool:
        if until <= self.now:
            return False
        self._wait(until, Progress.WALKING)
        return True

    def _tell(self, way: Way) -> bool:
        """Tell the step; whether anybody was reached."""
        last = self.row.step + 1 >= way.length
        name, reach = self._reach(way, last=last)
        if self.row.round:
            name = f"{name}, round {self.row.round + 1}"
        if reach.channels or last:
            again = self.row.round - self.row.first_round < way.repeat
            then = "the next step" if not last else "it begins anew" if again else "it is given up"
            wait = format_duration(way.delay_of(self.row.step + 1))
            end = f"Unless somebody takes it, {then} in {wait}."
        else:
            end = "So the next step at once."
        whom = ", ".join(reach.channels.values()) or _NOBODY
        self._record(whom, f"{name}: {'; '.join(reach.words)}. {end}", reach)
        return bool(reach.channels)

    def _reach(self, way: Way, *, last: bool) -> tuple[str, Reach]:
        """Whom the step reaches, with the name of the step."""
        row = self.row
        if not way.steps:
            name = f"The team {row.team} has no escalation policy, so all members are told at once"
            return name, reach_members(row.team, now=self.now)
        name = f"Step {row.step + 1} of {way.length} of {way.policy}"
        reach = reach_step(way.steps[row.step], now=self.now)
        if reach.channels or not last or self._told_in_this_round():
            return name, reach
        # Better all of them than nobody.
        members = reach_members(row.team, now=self.now)
        said = f"nobody was reached, so all members of {row.team} are told at once"
        return name, Reach(members.channels, [*reach.words, said, *members.words])

    def _told_in_this_round(self) -> bool:
        about = f"page {self.row.round}."
        # By itself, or by the walk that it has taken over.
        ours = Q(alert=self.alert) | Q(alert__escalations__leader=self.row)
        return Notification.objects.filter(ours, about__startswith=about).exists()

    def _record(self, whom: str, note: str, reach: Reach) -> None:
        row, now = self.row, self.now
        paged = Transition.objects.create(
            alert=self.alert, kind=Transition.Kind.PAGED, at=now, after=whom[:300], note=note
        )
        if not reach.channels:
            return
        row.paged_at = now
        # Whom another team's walk has told of the same step is not told again.
        Notification.objects.bulk_create(
            [
                Notification(
                    alert=self.alert,
                    transition=paged,
                    channel_id=channel_id,
                    rule_id=row.rule_id,
                    about=f"page {row.round}.{row.step}",
                    created_at=now,
                    due_at=now,
                )
                for channel_id in sorted(reach.channels)
            ],
            ignore_conflicts=True,
        )
        nudge("alerts.notifications")

    def _give_up(self) -> None:
        """Everybody was told, and nobody took it."""
        told = self.alert.notifications.filter(about__startswith="page ").order_by()
        names = sorted(set(told.values_list("channel__name", flat=True)))
        rounds = self.row.round - self.row.first_round + 1
        times = "" if rounds == 1 else f" {rounds} times"
        note = (
            f"Nobody took it. Everybody was told{times}: {', '.join(names)}."
            if names
            else "Nobody took it, since nobody could be told."
        )
        Transition.objects.create(
            alert=self.alert,
            kind=Transition.Kind.PAGED,
            at=self.now,
            after="nobody took it",
            note=note,
        )
        self._end(Progress.UNTAKEN)

    def _end(self, progress: str) -> None:
        self.row.state, self.row.progress, self.row.finished_at = State.DONE, progress, self.now

    def _wait(self, until: datetime, progress: str) -> None:
        row = self.row
        row.state, row.progress, row.attempts = State.DUE, progress, 0
        row.due_at = row.next_at = until

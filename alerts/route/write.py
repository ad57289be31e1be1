"""Write what a batch has come to: a handful of statements, however many decisions there are."""

from collections.abc import Sequence

from alerts.episodes import Statements, statements
from alerts.escalate import start_escalations
from alerts.hits import count_hits
from alerts.hold import Held
from alerts.models import AlertGroup, Notification, Remediation, Transition
from alerts.route.batch import Batch
from opsportal.lib.jobs import nudge
from opsportal.lib.outbox import OutboxRow

State = OutboxRow.State


def write_batch(held: Sequence[Held], batch: Batch) -> None:
    """Store the episodes' changes, the rows of work, and the decisions themselves."""
    database = statements()
    _write_episodes(database, batch)
    if batch.transitions:
        Transition.objects.bulk_create(batch.transitions)
    _write_tellings(database, batch)
    _page(batch)
    # Whatever was done meanwhile by another worker's decision stays so.
    if batch.remediations:
        Remediation.objects.bulk_create(batch.remediations, ignore_conflicts=True)
        nudge("alerts.remediations")
    database.settle(
        [
            (found.pk, found.outcome, found.reasons, found.labels, found.policy_version)
            for found in held
        ],
        batch.now,
    )
    # Last: the rows of busy rules stay locked until the end.
    if batch.hits:
        count_hits({rule: (hit[0], hit[1]) for rule, hit in batch.hits.items()}, now=batch.now)


def _page(batch: Batch) -> None:
    if not batch.wishes and not batch.worsened:
        return
    notes = start_escalations(batch.wishes, worsened=batch.worsened, now=batch.now)
    for alert_id, words in notes.items():
        if held := batch.paged.get(alert_id):
            held.reasons.extend({"note": text} for text in words)


def _write_episodes(database: Statements, batch: Batch) -> None:
    amended = [batch.changed[pk] for pk in batch.changed if pk in batch.amended]
    held_back = [batch.changed[pk] for pk in batch.changed if pk not in batch.amended]
    if amended:
        database.amend(
            [
                (
                    episode.severity,
                    episode.service,
                    episode.team_id,
                    episode.runbook_url,
                    episode.suppressed,
                    episode.flapping,
                    episode.pk,
                )
                for episode in amended
            ]
        )
    if held_back:
        database.hold_back(
            [(episode.suppressed, episode.flapping, episode.pk) for episode in held_back]
        )


def _write_tellings(database: Statements, batch: Batch) -> None:
    if batch.dropped:
        waiting = Notification.objects.filter(pk__in=batch.dropped, state=State.HELD, lead=None)
        waiting.update(state=State.DROPPED, finished_at=batch.now)
    if batch.notifications:
        database.tell(batch.notifications, batch.now)
        if any(found.state == State.DUE for found in batch.notifications):
            nudge("alerts.notifications")
    if batch.moved:
        AlertGroup.objects.bulk_update(
            batch.moved.values(), ["state", "due_at", "attempts", "finished_at"]
        )
        if any(group.due_at <= batch.now for group in batch.moved.values()):
            nudge("alerts.groups")

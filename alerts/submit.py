"""Store: what requests brought, many of them in one commit, and what each is to be answered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db import transaction
from msgspec.structs import replace

from alerts.keep import delivery_of, keep_deliveries, note_outcome, note_replay
from alerts.models import IdempotentReply, RawDelivery
from alerts.normalise import AlertEvent, Receipt
from alerts.orders import carry_out
from alerts.receive import prepare_alerts, store_alerts
from alerts.windows import Scopes
from chronos.normalise import OURS, Change, ChangeReceipt
from chronos.record import record_changes
from opsportal.accounts.actors import Actor
from opsportal.accounts.keys import confirm_key, require_scope
from opsportal.accounts.models import ApiKey, Team
from opsportal.lib.contracts import Format, Parsed, Received, Reply
from opsportal.lib.deadlocks import start_over
from opsportal.lib.errors import ConflictError, OpsError
from opsportal.lib.groupcommit import GroupCommit


@dataclass(frozen=True, slots=True)
class Submission:
    """One request's events, ready to be stored with others'."""

    format: Format
    received: Received
    parsed: Parsed
    key: ApiKey
    # The sender's number of the request, and what body it stands for.
    token: str = ""
    body_hash: str = ""
    address: str | None = None
    request_id: str = ""
    # What is replayed: no other row is kept of it.
    replayed: RawDelivery | None = None

    @property
    def actor(self) -> Actor:
        """Who does what the request asks for."""
        return Actor(f"key {self.key.name}", None, self.key.pk, self.address, self.request_id)


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of one request's alerts and changes."""

    alerts: Sequence[Receipt]
    changes: Sequence[ChangeReceipt]


# What a key needs for changes, at whatever door they come in.
CHANGES_SCOPE = "events:write"
# The answer, or what to make it of once everything is committed.
Stored = Reply | Sequence[Receipt] | Sequence[ChangeReceipt]
Store = Callable[[Submission], Stored]


def store_submissions(submissions: Sequence[Submission]) -> list[Stored]:
    """Store many requests in one transaction; what each is to be answered."""
    return start_over(lambda: _store_at_once(submissions))


def store_submission(submission: Submission) -> Stored:
    """Store one request by itself."""
    return store_submissions([submission])[0]


def refuse(alert_format: Format, error: OpsError) -> Reply:
    """The contract's answer to an error, with the headers that go with it."""
    reply = alert_format.refuse(error)
    return Reply(reply.status, reply.body, reply.content_type, {**error.headers, **reply.headers})


def _store_at_once(submissions: Sequence[Submission]) -> list[Stored]:
    now = max(submission.received.now for submission in submissions)
    # Before the transaction: others wait for its locks.
    prepared = prepare_alerts(_events(submissions), now=now)
    rows = [_row(submission) for submission in submissions]
    with transaction.atomic():
        stored: dict[int, Stored] = {}
        fresh: list[int] = []
        refused = _refused_keys(submissions, now)
        for place, submission in enumerate(submissions):
            if error := _refusal(submission, refused):
                stored[place] = refuse(submission.format, error)
            elif submission.token and (earlier := _earlier_reply(submission)):
                stored[place] = earlier
            else:
                fresh.append(place)
        if stored:
            prepared = prepare_alerts(_events([submissions[place] for place in fresh]), now=now)
        receipts = iter(store_alerts(prepared))
        recorded = iter(_record([submissions[place] for place in fresh], now))
        for place in fresh:
            parsed = submissions[place].parsed
            brought = Brought(
                list(islice(receipts, len(parsed.events))),
                list(islice(recorded, len(parsed.changes))),
            )
            stored[place] = _finish(submissions[place], brought, rows[place], now)
        kept = [row for place in fresh if (row := rows[place]) and not submissions[place].replayed]
        if kept:
            keep_deliveries(kept)
    return [stored[place] for place in range(len(submissions))]


def _row(submission: Submission) -> RawDelivery | None:
    """What is kept of the request, if it is."""
    if not (submission.format.keeps_all or submission.parsed.rejected or submission.replayed):
        return None
    return delivery_of(
        submission.received,
        format_slug=submission.format.slug,
        address=submission.address,
        parsed=submission.parsed,
    )


def _record(submissions: Sequence[Submission], now: datetime) -> list[ChangeReceipt]:
    """Put their changes on the timeline; what a sender leaves out is the sender."""
    changes: list[Change] = []
    teams: dict[int | None, Team | None] = {None: None}
    scopes = Scopes(now)
    for submission in submissions:
        key = submission.key
        if submission.parsed.changes and key.team_id and key.team_id not in teams:
            teams[key.team_id] = Team.objects.get(pk=key.team_id)
        team = teams.get(key.team_id)
        for change in submission.parsed.changes:
            # Nobody else speaks for the portal itself.
            source = "" if change.source == OURS else change.source
            complete = replace(
                change,
                source=source or key.name,
                actor=change.actor or submission.actor.name,
                team=change.team or (team.name if team else ""),
            )
            if change.scope:
                complete = scopes.ask(len(changes), complete, key, team)
            changes.append(complete)
    return scopes.follow(record_changes(changes, now=now))


def _finish(
    submission: Submission, brought: Brought, row: RawDelivery | None, now: datetime
) -> Stored:
    """What comes after all is stored: orders, what became of it, the kept answer."""
    parsed = submission.parsed
    concerned: list[int] = []
    reply = None
    if parsed.orders:
        team_id = submission.key.team_id
        concerned, reply = carry_out(
            parsed.orders, actor=submission.actor, team_id=team_id, now=now
        )
    if row is not None:
        ids = [found.alert_id for found in brought.alerts if found.alert_id is not None]
        changed = [found.event_id for found in brought.changes]
        note_outcome(row, parsed, [*ids, *concerned], changed)
        if submission.replayed:
            note_replay(submission.replayed, row, now)
    receipts = brought.changes if submission.parsed.changes else brought.alerts
    if not submission.token:
        return reply or receipts
    reply = reply or submission.format.answer(parsed, receipts)
    _keep_reply(submission, reply)
    return reply


def _events(submissions: Sequence[Submission]) -> list[AlertEvent]:
    return [event for submission in submissions for event in submission.parsed.events]


def _refused_keys(
    submissions: Sequence[Submission], now: datetime
) -> dict[tuple[int, str], OpsError]:
    """Keys that were good when recalled and have been revoked, or lost their scope, meanwhile."""
    refused: dict[tuple[int, str], OpsError] = {}
    asked = {(found.key.pk, scope): found.key for found in submissions for scope in _scopes(found)}
    for (pk, scope), key in asked.items():
        try:
            require_scope(confirm_key(key, now), scope)
        except OpsError as error:
            refused[pk, scope] = error
    return refused


def _scopes(submission: Submission) -> set[str]:
    """What its key needs."""
    return {submission.format.scope} | ({CHANGES_SCOPE} if submission.parsed.changes else set())


def _refusal(
    submission: Submission, refused: Mapping[tuple[int, str], OpsError]
) -> OpsError | None:
    found = (refused.get((submission.key.pk, scope)) for scope in _scopes(submission))
    return next((error for error in found if error), None)


def _earlier_reply(submission: Submission) -> Reply | None:
    """The answer already given to this Idempotency-Key."""
    kept = IdempotentReply.objects.filter(key=submission.key, token=submission.token).first()
    if kept is None:
        return None
    if kept.body_hash != submission.body_hash:
        return refuse(
            submission.format,
            ConflictError(
                "This Idempotency-Key was used with another body or at another address; "
                "take a new one."
            ),
        )
    return Reply(kept.status, kept.body.encode(), headers={"Idempotent-Replayed": "true"})


def _keep_reply(submission: Submission, reply: Reply) -> None:
    IdempotentReply.objects.create(
        key=submission.key,
        token=submission.token,
        body_hash=submission.body_hash,
        status=reply.status,
        body=reply.body.decode(),
        created_at=submission.received.now,
    )


def store_shared(submission: Submission) -> Stored:
    """Store it in a transaction with others; but alone what must be."""
    alone = submission.format.alone
    return store_submission(submission) if alone else shared_commits.submit(submission)


# Requests on the hot paths share commits; a batch holds about so many alerts.
shared_commits: GroupCommit[Submission, Stored] = GroupCommit(
    store_submissions, weigh=lambda submission: submission.parsed.size, most=1000
)

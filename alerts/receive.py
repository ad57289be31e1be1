"""Store: events become episodes, repeats, transitions, and work for routing, in one commit."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection, transaction

from alerts.episodes import NewEpisode, Rewrite, Statements, Stored, Touch, statements
from alerts.episodes.rows import content_hash
from alerts.normalise import FIRING, RESOLVED, AlertEvent, Receipt, worse
from opsportal.lib.deadlocks import start_over
from opsportal.lib.jobs import nudge

# A key that fires again so soon after its last episode ended is told as reopened.
REOPENED_WITHIN = timedelta(days=1)


def receive_alerts(events: Sequence[AlertEvent], *, now: datetime) -> list[Receipt]:
    """Store the events and answer each, in their order.

    All or nothing: when this returns (and no caller holds a transaction) everything is committed.
    Raises django.db.OperationalError when the database cannot take them.
    """
    if not events:
        return []

    def store() -> list[Receipt]:
        with connection.wrap_database_errors, transaction.atomic():
            receipts, routed = _store(events, now)
            if routed:
                nudge("alerts.decisions")
        return receipts

    # Batches that open each other's keys may lock crosswise.
    return start_over(store)


@dataclass(slots=True)
class _Story:
    """What one batch says of one key, in order: (place in the batch, event)."""

    said: list[tuple[int, AlertEvent]] = field(default_factory=list)

    def leading_run(self) -> list[tuple[int, AlertEvent]]:
        """The firing events before the first resolve."""
        run = []
        for place, event in self.said:
            if event.status != FIRING:
                break
            run.append((place, event))
        return run


@dataclass(slots=True)
class _Outcome:
    """What a batch has come to so far."""

    receipts: dict[int, Receipt] = field(default_factory=dict)
    rewrites: dict[int, Rewrite] = field(default_factory=dict)
    transitions: list[tuple[int, str, str, str]] = field(default_factory=list)


def _store(events: Sequence[AlertEvent], now: datetime) -> tuple[list[Receipt], bool]:
    """One round takes each key up to its first resolve; what follows goes round again."""
    database = statements()
    receipts: dict[int, Receipt] = {}
    routed = False
    stories: dict[str, _Story] = defaultdict(_Story)
    for place, event in enumerate(events):
        stories[event.dedup_key].said.append((place, event))
    while stories:
        outcome = _Outcome()
        stories = _one_round(database, stories, outcome, now)
        if outcome.rewrites:
            database.rewrite(list(outcome.rewrites.values()))
        if outcome.transitions:
            database.record(outcome.transitions, now)
            routed = True
        receipts |= outcome.receipts
    return [receipts[place] for place in range(len(events))], routed


def _one_round(
    database: Statements, stories: dict[str, _Story], outcome: _Outcome, now: datetime
) -> dict[str, _Story]:
    """Bring every story one step on; those that are not told yet are returned."""
    keys = sorted(stories)
    runs = {key: stories[key].leading_run() for key in keys}
    touches = [
        Touch(key, len(runs[key]), _expiry(runs[key][-1][1], now) if runs[key] else None)
        for key in keys
    ]
    stored = database.touch(touches, now)
    missing = [key for key in keys if key not in stored and runs[key]]
    opened: dict[str, int] = {}
    if missing:
        reopened = database.seen_since(missing, now - REOPENED_WITHIN)
        opened = database.insert([_episode(runs[key], now) for key in missing], now)
    left: dict[str, _Story] = {}
    for key in keys:
        story, run = stories[key], runs[key]
        if key in stored:
            told = _repeat(stored[key], run, outcome)
        elif key in opened:
            told = _open(opened[key], run, outcome, again=key in reopened)
        elif run:
            left[key] = story  # somebody else has just opened it: it is a repeat next time
            continue
        else:
            told = None
        rest = _resolve(told, story.said[len(run) :], outcome, now)
        if rest:
            left[key] = _Story(rest)
    return left


def _episode(run: Sequence[tuple[int, AlertEvent]], now: datetime) -> NewEpisode:
    """As it stands after the run: the last event's words, the first one's start."""
    last = run[-1][1]
    starts_at = min(now, *(event.starts_at or now for _, event in run))
    return NewEpisode(last, starts_at, _expiry(last, now), repeat_count=len(run) - 1)


def _expiry(event: AlertEvent, now: datetime) -> datetime | None:
    """When it resolves by itself unless it is said again."""
    return event.ends_at or (now + event.timeout if event.timeout else None)


def _open(
    alert_id: int, run: Sequence[tuple[int, AlertEvent]], outcome: _Outcome, *, again: bool
) -> Stored:
    """Receipts and transitions of an episode that this batch opened."""
    place, first = run[0]
    kind = "reopened" if again else "opened"
    outcome.transitions.append((alert_id, kind, "", first.severity))
    outcome.receipts[place] = Receipt(alert_id, first.dedup_key, kind, FIRING, first.severity, 0)
    now_stored = Stored(
        id=alert_id,
        dedup_key=first.dedup_key,
        status=FIRING,
        severity=first.severity,
        received_severity=first.severity,
        repeat_count=0,
        content_hash="",
        snoozed=False,
    )
    return _follow(now_stored, run[1:], outcome)


def _repeat(stored: Stored, run: Sequence[tuple[int, AlertEvent]], outcome: _Outcome) -> Stored:
    """Receipts, transitions and rewrites of an episode that was open before."""
    status, severity = stored.status, stored.received_severity
    stored.repeat_count -= len(run)  # as it was before this batch
    _follow(stored, run, outcome)
    last = run[-1][1] if run else None
    changed = last is not None and content_hash(last) != stored.content_hash
    if changed or (status, severity) != (stored.status, stored.received_severity):
        outcome.rewrites[stored.id] = _rewrite(stored, content=last if changed else None)
    return stored


def _follow(state: Stored, run: Sequence[tuple[int, AlertEvent]], outcome: _Outcome) -> Stored:
    """Move the episode on; a rise of severity ends acknowledgement and snooze."""
    for place, event in run:
        said = "repeated"
        if event.severity != state.received_severity:
            said = "changed"
            rises = worse(event.severity, state.received_severity)
            kind = "worsened" if rises else "improved"
            outcome.transitions.append((state.id, kind, state.severity, event.severity))
            state.severity = state.received_severity = event.severity
            if rises:
                state.status, state.snoozed = FIRING, False
        state.repeat_count += 1
        outcome.receipts[place] = _receipt(state, said)
    return state


def _resolve(
    state: Stored | None,
    said: Sequence[tuple[int, AlertEvent]],
    outcome: _Outcome,
    now: datetime,
) -> list[tuple[int, AlertEvent]]:
    """End the episode at the first resolve; further ones are ignored. Returns what fires after."""
    for number, (place, event) in enumerate(said):
        if event.status == FIRING:
            return list(said[number:])
        if state is None:
            outcome.receipts[place] = Receipt(
                None, event.dedup_key, "ignored", RESOLVED, event.severity, 0
            )
            continue
        outcome.transitions.append((state.id, RESOLVED, state.status, RESOLVED))
        state.status = RESOLVED
        resolved_at = min(event.ends_at or now, now)
        earlier = outcome.rewrites.get(state.id)
        outcome.rewrites[state.id] = _rewrite(
            state, content=earlier.content if earlier else None, resolved_at=resolved_at
        )
        outcome.receipts[place] = _receipt(state, RESOLVED)
        state = None
    return []


def _rewrite(
    state: Stored, *, content: AlertEvent | None, resolved_at: datetime | None = None
) -> Rewrite:
    return Rewrite(
        id=state.id,
        status=state.status,
        severity=state.severity,
        received_severity=state.received_severity,
        wake=not state.snoozed,
        resolved_at=resolved_at,
        content=content,
    )


def _receipt(state: Stored, outcome: str) -> Receipt:
    return Receipt(
        state.id, state.dedup_key, outcome, state.status, state.severity, state.repeat_count
    )

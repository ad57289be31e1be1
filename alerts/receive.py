"""Store: events become episodes, repeats, transitions, and work for routing, in one commit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from alerts.episodes import End, NewEpisode, Rewrite, Statements, Stored, Touch, statements
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
    # Batches that open each other's keys may lock crosswise.
    return start_over(lambda: store_alerts(prepare_alerts(events, now=now)))


_Said = list[tuple[int, AlertEvent]]


@dataclass(slots=True)
class Prepared:
    """A batch, ready to be stored: all that can be done before the transaction has been done."""

    now: datetime
    size: int
    database: Statements
    # What the batch says of each key, in order: (place in the batch, event). Keys come sorted.
    stories: dict[str, _Said]
    # Rows of keys that seem to have no open episode.
    rows: dict[str, Any]


@dataclass(slots=True)
class _Outcome:
    """What a batch has come to so far."""

    receipts: list[Receipt | None]
    rewrites: dict[int, Rewrite] = field(default_factory=dict)
    # Places of resolves that are not about the episode that is open now.
    outdated: set[int] = field(default_factory=set)
    transitions: list[tuple[int, str, str, str]] = field(default_factory=list)


def prepare_alerts(events: Sequence[AlertEvent], *, now: datetime) -> Prepared:
    """Do what needs no lock: to be stored once, soon, by `store_alerts`."""
    database = statements()
    stories: dict[str, _Said] = {}
    for place, event in enumerate(events):
        stories.setdefault(event.dedup_key, []).append((place, event))
    stories = {key: stories[key] for key in sorted(stories)}
    firing = {key: run for key, said in stories.items() if (run := _leading_run(said))}
    with connection.wrap_database_errors:
        unseen = database.unseen(list(stories))
    new = [_episode(firing[key], now) for key in unseen if key in firing]
    rows = database.prepare(new, now) if new else ()
    prepared = {episode.event.dedup_key: row for episode, row in zip(new, rows, strict=True)}
    return Prepared(now, len(events), database, stories, prepared)


def store_alerts(prepared: Prepared) -> list[Receipt]:
    """Store the batch in one transaction, or as part of the caller's; answers in its order.

    One round takes each key up to its first resolve; what follows goes round again.
    """
    if not prepared.size:
        return []
    receipts: list[Receipt | None] = [None] * prepared.size
    routed = False
    stories = prepared.stories
    with connection.wrap_database_errors, transaction.atomic():
        while stories:
            outcome = _Outcome(receipts)
            stories = _one_round(prepared, stories, outcome)
            if outcome.rewrites:
                prepared.database.rewrite(list(outcome.rewrites.values()))
            if outcome.transitions:
                prepared.database.record(outcome.transitions, prepared.now)
                routed = True
            prepared.rows.clear()  # of the first round's words
        if routed:
            nudge("alerts.decisions")
    return [receipt for receipt in receipts if receipt is not None]


def _leading_run(said: _Said) -> _Said:
    """The firing events before the first resolve."""
    for number, (_, event) in enumerate(said):
        if event.status != FIRING:
            return said[:number]
    return said


def _one_round(
    prepared: Prepared, stories: dict[str, _Said], outcome: _Outcome
) -> dict[str, _Said]:
    """Bring every story one step on; those that are not told yet are returned."""
    database, now = prepared.database, prepared.now
    runs = {key: _leading_run(said) for key, said in stories.items()}
    touches = [_touch(key, run, now) for key, run in runs.items()]
    stored = database.touch(touches, now)
    missing = [key for key, run in runs.items() if run and key not in stored]
    opened: dict[str, int] = {}
    reopened: set[str] = set()
    if missing:
        reopened = database.seen_since(missing, now - REOPENED_WITHIN)
        opened = database.insert(_rows(prepared, missing, runs))
    open_keys = stored.keys() | opened.keys()
    ends = {key: said[len(runs[key]) :] for key, said in stories.items() if key in open_keys}
    outcome.outdated |= database.outdated(found) if (found := _ends(ends)) else set()
    left: dict[str, _Said] = {}
    for key, run in runs.items():
        state: Stored | None = stored.get(key)
        if state is not None:
            _repeat(state, run, outcome)
        elif key in opened:
            state = _open(opened[key], run, outcome, again=key in reopened)
        elif run:
            left[key] = stories[key]  # somebody else has just opened it: a repeat next time
            continue
        if len(run) < len(stories[key]):
            rest = _resolve(state, stories[key][len(run) :], outcome, now)
            if rest:
                left[key] = rest
    return left


def _touch(key: str, run: _Said, now: datetime) -> Touch:
    """What is said of a key that may be open."""
    if not run:
        return Touch(key, 0, None, None)
    since = min([event.starts_at for _, event in run if event.starts_at], default=None)
    return Touch(key, len(run), _expiry(run[-1][1], now), since)


def _ends(ends: Mapping[str, _Said]) -> list[End]:
    """The resolves that say when it ended, up to what fires after."""
    found: list[End] = []
    for key, said in ends.items():
        for place, event in said:
            if event.status == FIRING:
                break
            if event.ends_at is not None:
                found.append(End(place, key, event.ends_at, event.starts_at is not None))
    return found


def _rows(prepared: Prepared, keys: Sequence[str], runs: Mapping[str, _Said]) -> list[Any]:
    """Rows for these keys in their order, prepared before or now."""
    known = prepared.rows
    late = [_episode(runs[key], prepared.now) for key in keys if key not in known]
    if late:
        rows = prepared.database.prepare(late, prepared.now)
        known |= {episode.event.dedup_key: row for episode, row in zip(late, rows, strict=True)}
    return [known[key] for key in keys]


def _episode(run: Sequence[tuple[int, AlertEvent]], now: datetime) -> NewEpisode:
    """As it stands after the run: the last event's words, the first one's start."""
    last = run[-1][1]
    starts_at = min([now, *[event.starts_at for _, event in run if event.starts_at]])
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


def _repeat(stored: Stored, run: Sequence[tuple[int, AlertEvent]], outcome: _Outcome) -> None:
    """Receipts, transitions and rewrites of an episode that was open before."""
    if not run:
        return
    status, severity = stored.status, stored.received_severity
    stored.repeat_count -= len(run)  # as it was before this batch
    _follow(stored, run, outcome)
    last = run[-1][1]
    changed = content_hash(last) != stored.content_hash
    if changed or (status, severity) != (stored.status, stored.received_severity):
        outcome.rewrites[stored.id] = _rewrite(stored, content=last if changed else None)


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
    """End the episode at the first resolve that is about it; others are ignored.

    Returns what fires after. Prometheus repeats a resolve for a quarter of an hour, during which
    the same may fire anew.
    """
    for number, (place, event) in enumerate(said):
        if event.status == FIRING:
            return list(said[number:])
        if state is None or place in outcome.outdated:
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

"""Expiring, expired, not yet valid."""

from datetime import datetime, timedelta

from alerts.normalise import SEVERITIES
from certs.judge.batch import Batch
from certs.judge.thresholds import crossings, most_urgent
from certs.judge.verdict import Crossed, Verdict
from certs.models import Certificate

Use = Certificate.Use
KINDS = ("expiring", "expired", "not_yet_valid")
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


def judge_expiry(batch: Batch) -> None:
    """What is in use and will end, or has; unless a renewed one is in its place."""
    for row in batch.living():
        if _is_told_elsewhere(row, batch):
            continue
        replaced = row.pk in batch.replacements
        if batch.now < row.not_before:
            batch.again(row, row.not_before)
            if row.use == Use.SERVED:
                batch.say(row, _not_yet(row))
        elif not replaced or row.use == Use.SERVED:
            _judge(row, batch)


def _is_told_elsewhere(row: Certificate, batch: Batch) -> bool:
    """An authority's is told of where its key lies; where it is only served, by endpoints."""
    return row.is_ca and not batch.known[row.pk].has_key


def _judge(row: Certificate, batch: Batch) -> None:
    policy, now = batch.policies[row.pk], batch.now
    crossed, next_at = crossings(policy.thresholds, row.not_before, row.not_after, now, policy.name)
    batch.again(row, next_at)
    if now >= row.not_after:
        batch.say(row, _expired(row, crossed, now))
    elif crossed:
        batch.say(row, _expiring(row, crossed, now))
    else:
        return
    # Its words count days, and matchers the label.
    batch.again(row, next_day(row.not_after, now))


def _expiring(row: Certificate, crossed: tuple[Crossed, ...], now: datetime) -> Verdict:
    urgent = most_urgent(crossed)
    return Verdict(
        "expiring", lowered(urgent.severity, row.use),
        f"expires {when(row.not_after, now)}",
        facts={"days_left": days_left(row.not_after, now), "policy": urgent.policy},
        threshold=urgent.threshold, crossed=crossed,
    )  # fmt: skip


def _expired(row: Certificate, crossed: tuple[Crossed, ...], now: datetime) -> Verdict:
    # Nobody is refused by what nobody serves: it is for the list of what is to be tidied up.
    severity = "critical" if row.use == Use.SERVED else "low"
    return Verdict(
        "expired", severity, f"expired {when(row.not_after, now)}",
        facts={"days_left": days_left(row.not_after, now)}, threshold="end", crossed=crossed,
    )  # fmt: skip


def _not_yet(row: Certificate) -> Verdict:
    return Verdict(
        "not_yet_valid",
        "high",
        f"is served, and valid only from {row.not_before:%Y-%m-%d %H:%M} UTC",
    )


def lowered(severity: str, use: str) -> str:
    """One step less where it is stored and nobody is seen to serve it; low stays low."""
    if use == Use.SERVED or severity in ("low", "info"):
        return severity
    return SEVERITIES[SEVERITIES.index(severity) + 1]


def days_left(not_after: datetime, now: datetime) -> int:
    """Whole days; 0 on the last one, -2 two days after its end."""
    left = not_after - now
    return left // _DAY if left >= timedelta(0) else -(-left // _DAY)


def next_day(not_after: datetime, now: datetime) -> datetime:
    """When `days_left` changes; on the last day, when the hours do."""
    step = _HOUR if timedelta(0) < not_after - now <= _DAY else _DAY
    return now + ((not_after - now) % step or step) + timedelta(seconds=1)


def when(not_after: datetime, now: datetime) -> str:
    """Such as `in 13 days (2026-03-15 12:00 UTC)`, `in 6 hours`, `2 days ago`."""
    left = not_after - now
    words = f"in {span(left)}" if left > timedelta(0) else f"{span(left)} ago"
    return f"{words} ({not_after:%Y-%m-%d %H:%M} UTC)"


def span(length: timedelta) -> str:
    """Such as `13 days`, `26 hours`, `1 minute`."""
    length = abs(length)
    size, noun = (_DAY, "day") if length >= 2 * _DAY else (_HOUR, "hour")
    if length < _HOUR:
        size, noun = timedelta(minutes=1), "minute"
    count = length // size
    return f"{count} {noun}{'' if count == 1 else 's'}"

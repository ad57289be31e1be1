"""Counting how often rules take part."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from alerts.models import RuleHit

# Of one statement; rules in the thousands all at once are no batch that ever was.
_MOST = 200
_ROW = "(%s, %s, %s, %s)"
_UPSERT = (
    "INSERT INTO alerts_rulehit (rule_id, day, matched, told) VALUES {rows} "
    "ON CONFLICT (rule_id, day) DO UPDATE SET "
    "matched = alerts_rulehit.matched + excluded.matched, "
    "told = alerts_rulehit.told + excluded.told"
)


def count_hits(hits: Mapping[int, tuple[int, int]], *, now: datetime) -> None:
    """Add `rule id -> (transitions matched, notifications made)` to today's counts.

    One statement for a batch, in the rules' order so that routers never wait crosswise. Call it
    last in the batch's transaction: the rows of busy rules stay locked until its end.
    """
    day = now.date()
    rows = [(rule, day, *counts) for rule, counts in sorted(hits.items()) if any(counts)]
    with connection.cursor() as cursor:
        for start in range(0, len(rows), _MOST):
            part = rows[start : start + _MOST]
            values = [
                connection.ops.adapt_datefield_value(v) if v is day else v
                for row in part
                for v in row
            ]
            cursor.execute(_UPSERT.format(rows=", ".join([_ROW] * len(part))), values)


def prune_hits(*, now: datetime) -> int:
    """Forget the counts of days beyond the retention."""
    cutoff: timedelta = settings.RETENTION
    return RuleHit.objects.filter(day__lt=(now - cutoff).date()).delete()[0]

"""Forgetting old rows in batches, so that no run holds a lock, or a worker, for long."""

from typing import Any

from django.db.models import QuerySet

BATCH = 500
# The rest is for the next run: one run must not outlast a worker's time limit.
MOST_BATCHES = 50


def delete_in_batches(rows: QuerySet[Any], *, order_by: str) -> int:
    """Delete the rows, and how many went; `order_by` names the column whose index finds them."""
    total = 0
    for _ in range(MOST_BATCHES):
        found = list(rows.order_by(order_by).values_list("pk", flat=True)[:BATCH])
        rows.model._default_manager.filter(pk__in=found).delete()
        total += len(found)
        if len(found) < BATCH:
            break
    return total

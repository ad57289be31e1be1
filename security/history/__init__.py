"""What was configured when: changes, the inventory at a time, what is behind a resource."""

from security.history.around import Around, look_around
from security.history.behind import Behind, look_behind
from security.history.differences import between, differences_of, revision_before
from security.history.feed import FeedQuery, changes_matching, read_feed
from security.history.inventory import (
    InventoryQuery,
    inventory_matching,
    read_inventory,
    revision_at,
    with_revisions,
)

__all__ = [
    "Around",
    "Behind",
    "FeedQuery",
    "InventoryQuery",
    "between",
    "changes_matching",
    "differences_of",
    "inventory_matching",
    "look_around",
    "look_behind",
    "read_feed",
    "read_inventory",
    "revision_at",
    "revision_before",
    "with_revisions",
]

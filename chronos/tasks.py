"""Jobs of the timeline; thin, the deeds are elsewhere."""

from chronos.alias import apply_aliases
from chronos.count import count_changes as count
from chronos.partitions import tend_partitions
from chronos.prune import prune_changes, prune_names
from opsportal.lib.times import utc_now


def count_changes() -> None:
    """Give the changes of before their canonical names, and count what is new."""
    now = utc_now()
    apply_aliases(now=now)
    count(now=now)


def keep_changes() -> None:
    """Make the months ahead, and drop what is older than its retention once it is counted."""
    now = utc_now()
    tend_partitions(now=now)
    count(now=now)
    prune_changes(now=now)
    prune_names(now=now)

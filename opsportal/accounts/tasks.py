"""Jobs of this app; thin, the deeds are elsewhere."""

from opsportal.accounts.prune import prune_accounts as prune
from opsportal.lib.times import utc_now


def prune_accounts() -> None:
    """Forget what has served its time."""
    prune(now=utc_now())

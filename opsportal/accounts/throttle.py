"""The allowance of rate-limited keys, counted where every process sees it."""

from datetime import datetime, timedelta
from math import ceil

from django.db import connection

from opsportal.accounts.models import ApiKey, KeyUse
from opsportal.lib.errors import RateLimitedError

_MINUTE = timedelta(minutes=1)
_TABLE = KeyUse._meta.db_table
# Refused requests are not counted, so a sender that keeps knocking writes nothing.
_SPEND = (
    f"INSERT INTO {_TABLE} (key_id, minute, count) VALUES (%s, %s, %s) "
    f"ON CONFLICT (key_id, minute) DO UPDATE SET count = {_TABLE}.count + excluded.count "
    f"WHERE {_TABLE}.count + excluded.count <= %s RETURNING count"
)


def spend(key: ApiKey, now: datetime, cost: int = 1) -> None:
    """Take `cost` from the key's allowance of this minute. Raises RateLimitedError.

    Nothing for keys without a limit. The first request of a minute always passes, so that a cost
    above the limit is slow, not impossible.
    """
    if key.rate_limit is None:
        return
    minute = now.replace(second=0, microsecond=0)
    stored = connection.ops.adapt_datetimefield_value(minute)
    with connection.cursor() as cursor:
        cursor.execute(_SPEND, [key.pk, stored, cost, key.rate_limit])
        allowed = cursor.fetchone() is not None
    if not allowed or key.rate_limit == 0:
        raise RateLimitedError(
            f"This key may make {key.rate_limit} requests a minute.",
            retry_after=max(1, ceil((minute + _MINUTE - now).total_seconds())),
        )

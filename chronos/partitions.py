"""The months that the changes are partitioned by on PostgreSQL; elsewhere there is nothing to do.

A partition is a table chronos_changeevent_YYYYMM; what is of no month that was made lies in
chronos_changeevent_default, so that no change is refused for its date.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.db import OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper

from chronos.models import ChangeEvent
from opsportal.lib.turns import take_turn

TABLE = ChangeEvent._meta.db_table
DEFAULT = f"{TABLE}_default"
# Months are made for dates between; what is beyond is likelier a mistake.
LONGEST_AGO, LONGEST_AHEAD = timedelta(days=3653), timedelta(days=366)
# The month that begins within so long has its partition before it begins.
MADE_AHEAD = timedelta(days=62)
# A reader of everything may hold the table for long; then the default takes the rows.
_PATIENCE = "1s"
_TRIED_AGAIN = timedelta(minutes=1)
_MONTH = re.compile(rf"{TABLE}_(\d{{4}})(\d\d)")

# Months this process has seen partitions of, and when it failed to make one.
_KNOWN: set[tuple[str, datetime]] = set()
_FAILED: dict[tuple[str, datetime], datetime] = {}


def forget_partitions() -> None:
    """Look at the database anew: for tests, and for what drops them."""
    _KNOWN.clear()
    _FAILED.clear()


def month_of(instant: datetime) -> datetime:
    """The first instant of its month, in UTC."""
    at = instant.astimezone(UTC)
    return datetime(at.year, at.month, 1, tzinfo=UTC)


def next_month(month: datetime) -> datetime:
    """The first instant of the next one."""
    return month_of(month + timedelta(days=31))


def ensure_partitions(instants: Iterable[datetime], *, now: datetime) -> int:
    """Make the partitions that these instants want; how many were made.

    No query where this process has seen them all. Never fails for a month that cannot be made
    now: its changes go to the default partition, and `tend_partitions` moves them.
    """
    if connection.vendor != "postgresql":
        return 0
    database = str(connection.settings_dict["NAME"])
    sane = {at for at in instants if now - LONGEST_AGO <= at <= now + LONGEST_AHEAD}
    wanted = {month_of(at) for at in sane}
    unknown = sorted(
        month
        for month in wanted
        if (database, month) not in _KNOWN
        and now - _FAILED.get((database, month), now - _TRIED_AGAIN) >= _TRIED_AGAIN
    )
    if not unknown:
        return 0
    there = existing_months()
    made = 0
    for month in unknown:
        if month in there:
            _KNOWN.add((database, month))
        elif make_partition(month):
            made += 1
        else:
            _FAILED[database, month] = now
    return made


def tend_partitions(*, now: datetime) -> int:
    """Make the months ahead, and those of what lies in the default partition; how many."""
    if connection.vendor != "postgresql":
        return 0
    forget_partitions()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT date_trunc('month', started_at AT TIME ZONE 'UTC') "
            f"FROM {DEFAULT} WHERE started_at BETWEEN %s AND %s",
            [now - LONGEST_AGO, now + LONGEST_AHEAD],
        )
        strays = {month.replace(tzinfo=UTC) for (month,) in cursor.fetchall()}
    ahead = {month_of(now), month_of(now + MADE_AHEAD / 2), month_of(now + MADE_AHEAD)}
    there = existing_months()
    return sum(make_partition(month) for month in sorted((strays | ahead) - there))


def existing_months() -> set[datetime]:
    """The months that have a partition."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid "
            "WHERE inhparent = %s::regclass",
            [TABLE],
        )
        found = [_MONTH.fullmatch(name) for (name,) in cursor.fetchall()]
    return {datetime(int(hit[1]), int(hit[2]), 1, tzinfo=UTC) for hit in found if hit}


def partition_name(month: datetime) -> str:
    """The name of the month's table."""
    return f"{TABLE}_{month:%Y%m}"


def make_partition(month: datetime) -> bool:
    """Make the month's partition, with what the default holds of it; False: not now.

    Whoever needs a month waits here for the one that makes it. Attaching a table locks the
    default partition alone, where creating one in its place would lock all of them.
    """
    name, until = partition_name(month), next_month(month)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{_PATIENCE}'")
            take_turn("chronos.partitions")
            if month not in existing_months():
                like = f"LIKE {TABLE} INCLUDING ALL EXCLUDING IDENTITY"
                cursor.execute(f"CREATE TABLE {name} ({like})")
                cursor.execute(f"LOCK TABLE {DEFAULT} IN ACCESS EXCLUSIVE MODE")
                columns = _columns(cursor)
                cursor.execute(
                    f"WITH moved AS (DELETE FROM {DEFAULT} WHERE started_at >= %s "
                    f"AND started_at < %s RETURNING {columns}) "
                    f"INSERT INTO {name} ({columns}) SELECT {columns} FROM moved",
                    [month, until],
                )
                cursor.execute(
                    f"ALTER TABLE {TABLE} ATTACH PARTITION {name} "
                    f"FOR VALUES FROM ('{month.isoformat()}') TO ('{until.isoformat()}')"
                )
            cursor.execute("SET LOCAL lock_timeout = DEFAULT")
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) != "55P03":  # lock_not_available
            raise
        return False
    return True


def drop_partition(month: datetime) -> bool:
    """Drop the month with all its changes; False: somebody reads it, another time."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{_PATIENCE}'")
            cursor.execute(f"DROP TABLE IF EXISTS {partition_name(month)}")
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) != "55P03":
            raise
        return False
    forget_partitions()
    return True


def _columns(cursor: CursorWrapper) -> str:
    """Those that are written; the database fills in what it generates."""
    cursor.execute(
        "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute "
        "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
        [TABLE],
    )
    return str(cursor.fetchone()[0])

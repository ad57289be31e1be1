"""One after the other: transactions about the same thing that has no row yet to lock."""

from hashlib import blake2b

from django.db import connection


def take_turn(name: str) -> None:
    """Wait until nobody else has this turn; it is ours until our transaction ends.

    PostgreSQL has locks for it that stand for nothing; on SQLite whoever writes is alone anyway.
    """
    if connection.vendor != "postgresql":
        return
    number = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])

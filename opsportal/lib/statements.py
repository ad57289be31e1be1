"""No statement of a web server's holds a thread for ever, whatever somebody searches for."""

from collections.abc import Callable
from time import monotonic
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

LONGEST = 30.0  # seconds
# SQLite looks at the clock after so many of its instructions, which take about a millisecond.
_INSTRUCTIONS = 100_000


def bound_statements() -> None:
    """End what takes longer than LONGEST with an OperationalError, on connections made from now."""
    connection_created.connect(bound_connection, dispatch_uid="statements")


def bound_connection(connection: BaseDatabaseWrapper, **_: object) -> None:
    """The same on this connection."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET statement_timeout = {LONGEST * 1000:.0f}")
        return
    known = [one for one in connection.execute_wrappers if isinstance(one, _Watch)]
    watch = known[0] if known else _Watch()
    if not known:
        connection.execute_wrappers.append(watch)
    connection.connection.set_progress_handler(watch.is_late, _INSTRUCTIONS)


class _Watch:
    """When the connection's last statement began."""

    def __init__(self) -> None:
        self._began = monotonic()

    def __call__(self, execute: Callable[..., Any], *given: Any) -> Any:
        """For `execute_wrappers`."""
        self._began = monotonic()
        return execute(*given)

    def is_late(self) -> bool:
        """For SQLite, which gives up when it is so."""
        return monotonic() - self._began > LONGEST

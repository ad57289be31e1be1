"""The statements of ingest and routing, one module per database.

Written by hand because the ORM costs five to ten times as much here (benchmarks/ingest); nothing
else in the portal talks SQL. All run inside the caller's transaction. Keys come sorted, so that
concurrent batches take their locks in one order.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from django.db import connection

from alerts.episodes.postgres import PostgresStatements
from alerts.episodes.rows import End, NewEpisode, NewNotification, Rewrite, Settled, Stored, Touch
from alerts.episodes.sqlite import SqliteStatements


class Statements(Protocol):
    """What `receive` and `route` ask of a database."""

    def unseen(self, keys: Sequence[str]) -> Sequence[str]:
        """Keys to prepare for opening before the transaction begins; it may see more, or others."""

    def prepare(self, episodes: Sequence[NewEpisode], now: datetime) -> Sequence[Any]:
        """The rows for `insert`, which needs no time for them then."""

    def touch(self, touches: Sequence[Touch], now: datetime) -> dict[str, Stored]:
        """Count repeats on open episodes and lock them; those found, by key, as they now are.

        The earliest start that was ever told is theirs.
        """

    def outdated(self, ends: Sequence[End]) -> set[int]:
        """Numbers of resolves that are about an earlier episode than the open one."""

    def seen_since(self, keys: Sequence[str], since: datetime) -> set[str]:
        """Which keys had an episode that was resolved after `since`."""

    def insert(self, rows: Sequence[Any]) -> dict[str, int]:
        """Open episodes; ids by key. A key that somebody else opened meanwhile is left out."""

    def rewrite(self, rewrites: Sequence[Rewrite]) -> None:
        """Store what changed on open episodes."""

    def record(self, transitions: Sequence[tuple[int, str, str, str]], now: datetime) -> None:
        """Append transitions (alert id, kind, before, after), and a due decision for each."""

    def hold(self, ids: Sequence[int], columns: Sequence[str]) -> list[Any]:
        """Lock claimed decisions and their episodes.

        Rows of (id, attempts, due_at, transition id, its kind, its `after`, alert id, those columns
        of the alert, its team's name); JSON as text.
        """

    def amend(self, episodes: Sequence[tuple[Any, ...]]) -> None:
        """Store what rules have set of open episodes: values of AMENDED, then the id."""

    def hold_back(self, episodes: Sequence[tuple[Any, ...]]) -> None:
        """Of those that no rule has set anything of: values of HELD_BACK, then the id."""

    def tell(self, notifications: Sequence[NewNotification], now: datetime) -> None:
        """Append notifications; whoever was told of the same before stays told once."""

    def settle(self, decisions: Sequence[Settled], now: datetime) -> None:
        """Mark decisions as done, with what was decided and why."""


def statements() -> Statements:
    """The statements of the connected database."""
    return PostgresStatements() if connection.vendor == "postgresql" else SqliteStatements()


__all__ = [
    "End",
    "NewEpisode",
    "NewNotification",
    "Rewrite",
    "Statements",
    "Stored",
    "Touch",
    "statements",
]

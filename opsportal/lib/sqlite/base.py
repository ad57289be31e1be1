"""The backend that `settings.DATABASES` names for SQLite."""

import json
import re
import sqlite3
import time
from functools import lru_cache
from typing import Any

from django.db.backends.sqlite3.base import DatabaseWrapper as SqliteWrapper
from django.db.backends.sqlite3.features import DatabaseFeatures as SqliteFeatures

from opsportal.lib.matchers.values import compile_pattern, parse_number, text_of

_LOOK_SECONDS = 0.001


class DatabaseFeatures(SqliteFeatures):
    """What this SQLite can do."""

    # SQLite's limit since 3.32; Django 5.2 has that of older ones, which splits batches.
    max_query_params = 32_766


class DatabaseWrapper(SqliteWrapper):
    """SQLite with the functions that matchers and words of texts are found by.

    See opsportal/lib/matchers/columns.py and chronos/fulltext.py.
    """

    features_class = DatabaseFeatures

    def _start_transaction_under_autocommit(self) -> None:
        """Take the write lock; whoever waits for it looks every millisecond.

        SQLite's own waiting sleeps for up to 100 ms between two looks, which leaves the lock idle
        and starves whoever has waited longest. Raises OperationalError after the usual timeout.
        """
        database = self.connection
        seconds = self.settings_dict["OPTIONS"]["timeout"]
        deadline = time.monotonic() + seconds
        with self.wrap_database_errors:
            database.execute("PRAGMA busy_timeout = 0")
            try:
                while not _begin(database, last_try=time.monotonic() > deadline):
                    time.sleep(_LOOK_SECONDS)
            finally:
                database.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect and teach the connection our functions."""
        connection = super().get_new_connection(conn_params)
        connection.create_function("opsportal_matches", 2, _matches, deterministic=True)
        connection.create_function("opsportal_number", 1, _number, deterministic=True)
        connection.create_function("opsportal_label", 2, _label, deterministic=True)
        connection.create_function("opsportal_holds", 2, _holds, deterministic=True)
        return connection


def _begin(database: sqlite3.Connection, *, last_try: bool) -> bool:
    """Whether the write lock is ours now."""
    try:
        database.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if last_try or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def _holds(phrase: str, text: str | None) -> bool:
    """Whether the words of the phrase stand in a row in the text, as whole words."""
    return text is not None and _in_a_row(phrase).search(text) is not None


@lru_cache(maxsize=1000)
def _in_a_row(phrase: str) -> re.Pattern[str]:
    """The pattern of words in a row, in whatever case; linear, since only blanks repeat."""
    between = r"[\W_]+".join(re.escape(word) for word in phrase.split())
    return re.compile(rf"(?<![^\W_]){between}(?![^\W_])", re.IGNORECASE)


def _matches(pattern: str, value: object) -> bool:
    return compile_pattern(pattern)(text_of(value))


def _number(value: object) -> float | None:
    return parse_number(text_of(value))


def _label(text: str | None, key: str) -> str | None:
    found = json.loads(text).get(key) if text else None
    return None if found is None else text_of(found)

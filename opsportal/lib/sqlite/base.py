"""The backend that `settings.DATABASES` names for SQLite."""

import json
from typing import Any

from django.db.backends.sqlite3.base import DatabaseWrapper as SqliteWrapper
from django.db.backends.sqlite3.features import DatabaseFeatures as SqliteFeatures

from opsportal.lib.matchers.values import compile_pattern, parse_number, text_of


class DatabaseFeatures(SqliteFeatures):
    """What this SQLite can do."""

    # SQLite's limit since 3.32; Django 5.2 has that of older ones, which splits batches.
    max_query_params = 32_766


class DatabaseWrapper(SqliteWrapper):
    """SQLite with the functions that matchers filter by; see opsportal/lib/matchers/columns.py."""

    features_class = DatabaseFeatures

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect and teach the connection our functions."""
        connection = super().get_new_connection(conn_params)
        connection.create_function("opsportal_matches", 2, _matches, deterministic=True)
        connection.create_function("opsportal_number", 1, _number, deterministic=True)
        connection.create_function("opsportal_label", 2, _label, deterministic=True)
        return connection


def _matches(pattern: str, value: object) -> bool:
    return compile_pattern(pattern)(text_of(value))


def _number(value: object) -> float | None:
    return parse_number(text_of(value))


def _label(text: str | None, key: str) -> str | None:
    found = json.loads(text).get(key) if text else None
    return None if found is None else text_of(found)

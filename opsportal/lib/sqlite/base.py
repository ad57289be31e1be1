"""The backend that `settings.DATABASES` names for SQLite."""

from django.db.backends.sqlite3.base import DatabaseWrapper as SqliteWrapper


class DatabaseWrapper(SqliteWrapper):
    """SQLite as Django knows it."""

"""The index of the texts of changes, which a model cannot say: plain SQL of each database.

For migrations. SQLite's triggers go when Django makes the table anew, so a migration that alters
the table there runs it again; on PostgreSQL the indexes may stand on a partitioned table.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_TABLE = "chronos_changeevent"
_COLUMNS = ("title", "body", "service", "tags")
# What PostgreSQL's parser would take for a part of a word, a path, an address or a tag.
JOINING = "-_./:@#+~&=?;<>"
_DOCUMENT = " || ' ' || ".join(("{0}title", "{0}service", "{0}body", "{0}tags::text"))


def document(table: str = "") -> str:
    """The words of a row in PostgreSQL, as its index has them."""
    text = _DOCUMENT.format(f"{table}." if table else "")
    return (
        f"to_tsvector('simple'::regconfig, translate({text}, '{JOINING}', '{' ' * len(JOINING)}'))"
    )


def _each(prefix: str) -> str:
    return ", ".join(f"{prefix}{name}" for name in _COLUMNS)


_ADD = f"INSERT INTO chronos_text(rowid, {_each('')}) VALUES (new.id, {_each('new.')});"
_REMOVE = (
    f"INSERT INTO chronos_text(chronos_text, rowid, {_each('')}) "
    f"VALUES ('delete', old.id, {_each('old.')});"
)
_CHANGED = " OR ".join(f"old.{name} IS NOT new.{name}" for name in _COLUMNS)
_SQLITE = (
    f"CREATE VIRTUAL TABLE IF NOT EXISTS chronos_text USING fts5({_each('')}, "
    f"content='{_TABLE}', content_rowid='id', tokenize='unicode61 remove_diacritics 0')",
    f"CREATE TRIGGER IF NOT EXISTS change_text_added AFTER INSERT ON {_TABLE} BEGIN {_ADD} END",
    f"CREATE TRIGGER IF NOT EXISTS change_text_gone AFTER DELETE ON {_TABLE} BEGIN {_REMOVE} END",
    f"CREATE TRIGGER IF NOT EXISTS change_text_changed AFTER UPDATE ON {_TABLE} "
    f"WHEN {_CHANGED} BEGIN {_REMOVE} {_ADD} END",
    "INSERT INTO chronos_text(chronos_text) VALUES ('rebuild')",
)
_POSTGRESQL = (
    f"CREATE INDEX IF NOT EXISTS change_text ON {_TABLE} USING gin ({document()})",
    f"CREATE INDEX IF NOT EXISTS change_tags ON {_TABLE} USING gin (tags jsonb_path_ops)",
)
STATEMENTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}
)
_UNDO: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "sqlite": (
            "DROP TRIGGER IF EXISTS change_text_added",
            "DROP TRIGGER IF EXISTS change_text_gone",
            "DROP TRIGGER IF EXISTS change_text_changed",
            "DROP TABLE IF EXISTS chronos_text",
        ),
        "postgresql": ("DROP INDEX IF EXISTS change_text", "DROP INDEX IF EXISTS change_tags"),
    }
)


def create_text_index(apps: Any, schema_editor: Any) -> None:
    """For RunPython; what is there already stays."""
    del apps
    _run(schema_editor, STATEMENTS)


def drop_text_index(apps: Any, schema_editor: Any) -> None:
    """The way back."""
    del apps
    _run(schema_editor, _UNDO)


def _run(schema_editor: Any, statements: Mapping[str, tuple[str, ...]]) -> None:
    for statement in statements.get(schema_editor.connection.vendor, ()):
        schema_editor.execute(statement, params=None)

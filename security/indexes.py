"""What a model cannot say, in plain SQL of each database: the index of what resources say, and that
revisions are never changed.

For migrations. SQLite's triggers go when Django makes a table anew, so a migration that alters
`CloudResource` or `ConfigRevision` there runs `create_indexes` again.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from chronos.indexes import JOINING

_TABLE, _REVISIONS = "security_cloudresource", "security_configrevision"
_COLUMNS = ("resource_id", "arn", "name", "tags", "config")
# What PostgreSQL's index has of a configuration, in characters: a document has at most a megabyte.
LONGEST = 100_000
_KEPT = "resource_id, number, kind, captured_at, config, tags, changes, complete_hash, durable_hash"


def document(table: str = "") -> str:
    """The words of a row in PostgreSQL, as its index has them."""
    row = f"{table}." if table else ""
    parts = [f"{row}{name}" for name in _COLUMNS[:3]]
    text = " || ' ' || ".join([*parts, f"{row}tags::text", f"left({row}config::text, {LONGEST})"])
    spaces = " " * len(JOINING)
    return f"to_tsvector('simple'::regconfig, translate({text}, '{JOINING}', '{spaces}'))"


def _each(prefix: str) -> str:
    return ", ".join(f"{prefix}{name}" for name in _COLUMNS)


_ADD = f"INSERT INTO security_text(rowid, {_each('')}) VALUES (new.id, {_each('new.')});"  # noqa: S608
_REMOVE = (
    f"INSERT INTO security_text(security_text, rowid, {_each('')}) "  # noqa: S608
    f"VALUES ('delete', old.id, {_each('old.')});"
)
_CHANGED = " OR ".join(f"old.{name} IS NOT new.{name}" for name in _COLUMNS)
_REFUSAL = "a revision is never changed"
_SQLITE = (
    f"CREATE VIRTUAL TABLE IF NOT EXISTS security_text USING fts5({_each('')}, "
    f"content='{_TABLE}', content_rowid='id', tokenize='unicode61 remove_diacritics 0')",
    f"CREATE TRIGGER IF NOT EXISTS resource_text_added AFTER INSERT ON {_TABLE} BEGIN {_ADD} END",
    f"CREATE TRIGGER IF NOT EXISTS resource_text_gone AFTER DELETE ON {_TABLE} BEGIN {_REMOVE} END",
    f"CREATE TRIGGER IF NOT EXISTS resource_text_changed AFTER UPDATE ON {_TABLE} "
    f"WHEN {_CHANGED} BEGIN {_REMOVE} {_ADD} END",
    "INSERT INTO security_text(security_text) VALUES ('rebuild')",
    f"CREATE TRIGGER IF NOT EXISTS revision_is_kept BEFORE UPDATE OF {_KEPT} ON {_REVISIONS} "
    f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
)
_POSTGRESQL = (
    f"CREATE INDEX IF NOT EXISTS resource_text ON {_TABLE} USING gin ({document()})",
    f"CREATE INDEX IF NOT EXISTS resource_tags ON {_TABLE} USING gin (tags jsonb_path_ops)",
    "CREATE OR REPLACE FUNCTION security_keep() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$",
    f"CREATE OR REPLACE TRIGGER revision_is_kept BEFORE UPDATE OF {_KEPT} ON {_REVISIONS} "
    "FOR EACH ROW EXECUTE FUNCTION security_keep()",
)
STATEMENTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}
)
_UNDO: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "sqlite": (
            "DROP TRIGGER IF EXISTS resource_text_added",
            "DROP TRIGGER IF EXISTS resource_text_gone",
            "DROP TRIGGER IF EXISTS resource_text_changed",
            "DROP TRIGGER IF EXISTS revision_is_kept",
            "DROP TABLE IF EXISTS security_text",
        ),
        "postgresql": (
            "DROP INDEX IF EXISTS resource_text",
            "DROP INDEX IF EXISTS resource_tags",
            f"DROP TRIGGER IF EXISTS revision_is_kept ON {_REVISIONS}",
            "DROP FUNCTION IF EXISTS security_keep",
        ),
    }
)


def create_indexes(apps: Any, schema_editor: Any) -> None:
    """For RunPython; what is there already stays."""
    del apps
    _run(schema_editor, STATEMENTS)


def drop_indexes(apps: Any, schema_editor: Any) -> None:
    """The way back."""
    del apps
    _run(schema_editor, _UNDO)


def _run(schema_editor: Any, statements: Mapping[str, tuple[str, ...]]) -> None:
    for statement in statements.get(schema_editor.connection.vendor, ()):
        schema_editor.execute(statement, params=None)

"""SQL expressions that read labels, patterns and numbers alike on SQLite and PostgreSQL."""

import re
from typing import Any

from django.db import models
from django.db.models import Func
from django.db.models.sql.compiler import SQLCompiler

from opsportal.lib.matchers.values import NUMBER_PATTERN

# Keys that JSON writes as they are and that SQLite's paths find.
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_.:/ -]+")
Sql = tuple[str, Any]


class LabelText(Func):
    """The text at a key of a JSON object; NULL when the key is absent.

    Django's own key transform takes a key such as "1" for the index of an array.
    """

    output_field = models.TextField()

    def __init__(self, column: str, key: str, **extra: Any) -> None:
        super().__init__(column, **extra)
        self.extra["key"] = key

    def as_sqlite(self, compiler: SQLCompiler, connection: Any, **context: Any) -> Sql:
        """json_extract where its paths can be trusted with the key, Python otherwise."""
        column, params = compiler.compile(self.source_expressions[0])
        key = self.extra["key"]
        if _PLAIN_KEY.fullmatch(key):
            return f"json_extract({column}, %s)", (*params, f'$."{key}"')
        return f"opsportal_label({column}, %s)", (*params, key)

    def as_postgresql(self, compiler: SQLCompiler, connection: Any, **context: Any) -> Sql:
        """The operator that an index on a label would serve."""
        column, params = compiler.compile(self.source_expressions[0])
        return f"({column} ->> %s::text)", (*params, self.extra["key"])


class Matched(Func):
    """RE2 inside SQLite: pattern, text."""

    function = "opsportal_matches"
    output_field = models.BooleanField()


class PosixMatched(Func):
    """PostgreSQL's own expressions: text, pattern."""

    arg_joiner = " ~ "
    template = "(%(expressions)s)"
    output_field = models.BooleanField()


class Number(Func):
    """The number that a text stands for, NULL when it is none; never an error."""

    function = "opsportal_number"
    output_field = models.FloatField()

    def as_postgresql(self, compiler: SQLCompiler, connection: Any, **context: Any) -> Sql:
        """CASE keeps PostgreSQL from casting what does not look like a number."""
        text, params = compiler.compile(self.source_expressions[0])
        sql = f"CASE WHEN {text} ~ %s THEN ({text})::double precision END"
        return sql, (*params, f"^(?:{NUMBER_PATTERN})$", *params)

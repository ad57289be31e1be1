"""Words, phrases and tags of changes, found by the index that chronos/indexes.py makes."""

import json
import re
from collections.abc import Sequence
from typing import Any

from django.db import connection, models
from django.db.models import Q, QuerySet

from chronos.indexes import document
from chronos.models import ChangeEvent
from opsportal.lib.ids import IdIn

_WORD = re.compile(r"[^\W_]+")
# What fewer changes hold is looked up first; the rest is asked of each change, newest first.
RARE = 5000


def with_texts(
    found: QuerySet[ChangeEvent],
    *,
    words: Sequence[str] = (),
    phrases: Sequence[str] = (),
    tags: Sequence[str] = (),
) -> QuerySet[ChangeEvent]:
    """Of these, what holds all the words and phrases and has all the tags.

    Words are whole words of title, body, service or tags, in whatever case; what has no letter or
    digit asks nothing. On SQLite the index is asked once how much it knows.
    """
    asked = [text for text in (*words, *phrases) if words_of(text)]
    if connection.vendor == "postgresql":
        if asked:
            found = found.filter(_TextMatch([" ".join(words_of(text)) for text in asked]))
        return found.filter(tags__contains=list(tags)) if tags else found
    parts = list(filter(None, (*map(_fts, asked), *map(_fts_of_tag, tags))))
    if parts:
        found = found.filter(_condition(" AND ".join(parts)))
    for tag in tags:
        found = found.filter(_HasTag(tag))
    return found


def has_tag(tag: str) -> Q:
    """The condition that this very tag is among a change's."""
    return Q(tags__contains=[tag]) if connection.vendor == "postgresql" else Q(_HasTag(tag))


def words_of(text: str) -> list[str]:
    """The words of a text as the indexes have them."""
    return _WORD.findall(text)


def _fts(text: str) -> str:
    """In the language of FTS5: the words in a row."""
    phrase = f'"{" ".join(words_of(text))}"'
    return phrase if text.isascii() else f"({phrase} OR {_fts_of_tag(text)})"


def _fts_of_tag(tag: str) -> str:
    """The same of a tag, which is kept as JSON: with its accents escaped or not.

    Escaped they count in their own case only. Empty for what has no words.
    """
    forms = {json.dumps(tag), json.dumps(tag, ensure_ascii=False)}
    phrases = sorted(f'"{" ".join(words)}"' for form in forms if (words := words_of(form)))
    return f"tags : ({' OR '.join(phrases)})" if len(phrases) == len(forms) else ""


def _condition(expression: str) -> IdIn | Q | models.Func:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rowid FROM chronos_text WHERE chronos_text MATCH %s LIMIT %s",
            [expression, RARE + 1],
        )
        ids = [row[0] for row in cursor.fetchall()]
    return IdIn(ids) if len(ids) <= RARE else _TextMatch([expression])


class _TextMatch(models.Func):
    """For `filter()`: the row's texts fit; its own words come from the index."""

    conditional = True
    output_field = models.BooleanField()

    def __init__(self, asked: Sequence[str]) -> None:
        super().__init__(models.F("pk"))
        self.asked = tuple(asked)

    def as_sql(
        self, compiler: Any, connection: Any, *_: object, **__: object
    ) -> tuple[str, tuple[Any, ...]]:
        """Each database has its own index."""
        column, params = compiler.compile(self.get_source_expressions()[0])
        if connection.vendor == "postgresql":
            each = " && ".join("phraseto_tsquery('simple', %s)" for _ in self.asked)
            return f"{document(column.rpartition('.')[0])} @@ ({each})", self.asked
        held = "SELECT 1 FROM chronos_text WHERE chronos_text MATCH %s AND rowid"
        return f"EXISTS ({held} = {column})", (*self.asked, *params)


class _HasTag(models.Func):
    """For `filter()` on SQLite: this very tag is among the row's."""

    conditional = True
    output_field = models.BooleanField()

    def __init__(self, tag: str) -> None:
        super().__init__(models.F("tags"))
        self.tag = tag

    def as_sql(
        self, compiler: Any, connection: Any, *_: object, **__: object
    ) -> tuple[str, tuple[Any, ...]]:
        """SQL."""
        del connection
        column, params = compiler.compile(self.get_source_expressions()[0])
        held = f"SELECT 1 FROM json_each({column}) WHERE value = %s"  # noqa: S608
        return f"EXISTS ({held})", (*params, self.tag)

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
    ids = _rare(" AND ".join(parts)) if parts else None
    if ids is not None:
        found = found.filter(IdIn(ids))
    else:
        for text in asked:
            found = found.filter(_Holds(" ".join(words_of(text))))
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


def _rare(expression: str) -> list[int] | None:
    """The changes that fit; None when there are too many to write down."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rowid FROM chronos_text WHERE chronos_text MATCH %s LIMIT %s",
            [expression, RARE + 1],
        )
        ids = [row[0] for row in cursor.fetchall()]
    return ids if len(ids) <= RARE else None


class _Condition(models.Func):
    """For `filter()`: what these columns are asked for in the database's own words."""

    conditional = True
    output_field = models.BooleanField()

    def __init__(self, asked: Sequence[str], *columns: str) -> None:
        super().__init__(*map(models.F, columns))
        self.asked = tuple(asked)

    def columns(self, compiler: Any) -> list[str]:
        """Their names in SQL."""
        return [compiler.compile(column)[0] for column in self.get_source_expressions()]


class _TextMatch(_Condition):
    """On PostgreSQL: the row's texts fit, by its index."""

    def __init__(self, asked: Sequence[str]) -> None:
        super().__init__(asked, "pk")

    def as_sql(
        self, compiler: Any, connection: Any, *_: object, **__: object
    ) -> tuple[str, tuple[Any, ...]]:
        """The expression of the index, as it was made."""
        del connection
        table = self.columns(compiler)[0].rpartition(".")[0]
        each = " && ".join("phraseto_tsquery('simple', %s)" for _ in self.asked)
        return f"{document(table)} @@ ({each})", self.asked


class _Holds(_Condition):
    """On SQLite: the words stand in a row in one of the columns.

    To ask the index of each row takes a hundred times as long as to look at its texts.
    """

    def __init__(self, phrase: str) -> None:
        super().__init__((phrase,), "title", "service", "tags", "body")

    def as_sql(
        self, compiler: Any, connection: Any, *_: object, **__: object
    ) -> tuple[str, tuple[Any, ...]]:
        """LIKE is quick and passes over nearly all; it knows the case of ASCII only."""
        del connection
        phrase = self.asked[0]
        first = next((word for word in phrase.split() if word.isascii()), "")
        each = [
            f"{name} LIKE %s AND opsportal_holds(%s, {name})" for name in self.columns(compiler)
        ]
        return f"({' OR '.join(each)})", (f"%{first}%", phrase) * len(each)


class _HasTag(_Condition):
    """On SQLite: this very tag is among the row's."""

    def __init__(self, tag: str) -> None:
        super().__init__((tag,), "tags")

    def as_sql(
        self, compiler: Any, connection: Any, *_: object, **__: object
    ) -> tuple[str, tuple[Any, ...]]:
        """Most rows have no tag, which is seen at once."""
        del connection
        column = self.columns(compiler)[0]
        held = f"SELECT 1 FROM json_each({column}) WHERE value = %s"  # noqa: S608
        return f"({column} <> '[]' AND EXISTS ({held}))", self.asked

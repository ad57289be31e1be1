"""The search box: an ARN, an id, a name, tag=value, or words of the configuration."""

import ipaddress
from typing import Any

from django.db import models
from django.db.models import Q, QuerySet
from django.db.models.lookups import Exact

from chronos.fulltext import words_of
from opsportal.lib.matchers.columns import LabelText
from security.indexes import document
from security.models import CloudResource

_MOST_WORDS = 20


def is_address(text: str) -> bool:
    """Whether it is an address or a network."""
    try:
        ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return False
    return True


def resources_meant(found: QuerySet[CloudResource], text: str) -> QuerySet[CloudResource]:
    """Of these, what the text means: one query more, for what is called exactly that.

    Words are looked for in ids, names, ARNs, tags and the configuration as it is now (of what is
    deleted: as it was last); in quotes they stand in a row.
    """
    text = text.strip()
    called = Q(resource_id=text) | Q(arn=text) | Q(name=text) | Q(unique_id=text)
    if not text or CloudResource.objects.filter(called).exists():
        return found.filter(called) if text else found
    name, sign, value = text.partition("=")
    if sign and name and not name.startswith(('"', "{")):
        name, value = name.strip().removeprefix("tag:"), value.strip()
        # The index knows the words, the row the very tag.
        if words := _words([name, value]):
            found = found.filter(_Says(words))
        return found.filter(Exact(LabelText("tags", name), value))
    parts = text.split('"')
    plain = [word for part in parts[::2] for word in part.split()]
    words = _words([*plain, *parts[1::2]])
    return found.filter(_Says(words)) if words else found.none()


def _words(phrases: list[str]) -> list[str]:
    """The phrases as the indexes have them; none of what has no letter or digit."""
    return [words for phrase in phrases if (words := " ".join(words_of(phrase)))][:_MOST_WORDS]


class _Says(models.Func):
    """For `filter()`: the row holds all the phrases, by the index of each database."""

    conditional = True
    output_field = models.BooleanField()

    def __init__(self, phrases: list[str]) -> None:
        super().__init__(models.F("pk"))
        self.phrases = phrases

    def as_sql(
        self, compiler: Any, connection: Any, *_: object, **__: object
    ) -> tuple[str, tuple[Any, ...]]:
        """FTS5's MATCH, or the expression of the index."""
        column = compiler.compile(self.get_source_expressions()[0])[0]
        if connection.vendor == "postgresql":
            each = " && ".join("phraseto_tsquery('simple', %s)" for _ in self.phrases)
            return f"{document(column.rpartition('.')[0])} @@ ({each})", tuple(self.phrases)
        expression = " AND ".join(f'"{phrase}"' for phrase in self.phrases)
        among = "IN (SELECT rowid FROM security_text WHERE security_text MATCH %s)"
        return f"{column} {among}", (expression,)

"""The words that say which changes are meant."""

import re
from dataclasses import replace

from chronos.ask.cursor import Cursor
from chronos.ask.filters import (
    SPECIAL,
    Value,
    filters_of_matchers,
    make_filter,
    spell,
    split_filter,
    split_values,
)
from chronos.ask.found import Found
from chronos.ask.reading import Filter
from chronos.ask.references import read_id
from chronos.ask.tokens import Sort, Token
from chronos.ask.vocabulary import (
    DO_WORDS,
    DONE_WORDS,
    FIELD_WORDS,
    FIELDS,
    KIND_PAIRS,
    KIND_WORDS,
    STATUS_WORDS,
    group_of,
)
from opsportal.lib.errors import PayloadError

_OPERATORS = frozenset({":", "=", "!=", "<", "<=", ">", ">="})
_PREFIXES = {"@": "actor", "#": "tag"}
_LIMIT = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)


class Conditions:
    """Reads conditions at a cursor; each method says whether it went past something."""

    def __init__(self, cursor: Cursor, found: Found) -> None:
        self.cursor = cursor
        self.found = found
        self.names = found.names

    def phrase(self) -> bool:
        token = self.cursor.token()
        if token.sort is not Sort.PHRASE:
            return False
        self.cursor.at += 1
        self.found.add_word(" ".join(token.text.split()))
        return True

    def matchers(self) -> bool:
        token = self.cursor.token()
        if token.sort is not Sort.MATCHERS:
            return False
        self.cursor.at += 1
        for made in filters_of_matchers(token.text, self.names):
            self.found.add(made)
        return True

    def prefix(self) -> bool:
        """`@actor`, `#tag`."""
        token = self.cursor.token()
        name = _PREFIXES.get(token.lower[:1])
        if name is None or len(token.text) < 2:
            return False
        self.cursor.at += 1
        made = make_filter(name, ":", split_values(token.text[1:]), self.names)
        self.found.add(made)
        self.found.suggest_known(token, made)
        return True

    def filter(self) -> bool:
        cursor = self.cursor
        token = cursor.token()
        parts = split_filter(token.text) if token.lower else None
        if parts is None and token.lower in FIELD_WORDS and cursor.peek(1) in _OPERATORS:
            parts = token.lower, cursor.peek(1), ""
            cursor.at += 1
        if parts is None:
            return False
        key, op, rest = parts
        cursor.at += 1
        values = split_values(rest)
        if not rest and not cursor.ended and cursor.token().sort is not Sort.MATCHERS:
            following = cursor.token()
            cursor.at += 1
            quoted = following.sort is Sort.PHRASE
            values = [(following.text, True)] if quoted else split_values(following.text)
            token = replace(token, end=following.end)
        if key in SPECIAL and op in {":", "="}:
            self._special(key, [value for value, _ in values])
        else:
            self._condition(token, key, op, values)
        return True

    def _condition(self, token: Token, key: str, op: str, values: list[Value]) -> None:
        found = self.found
        name = FIELD_WORDS.get(key)
        if name:
            made = make_filter(name, op, values, self.names)
            found.add(made)
            found.suggest_known(token, made)
            return
        if op not in {":", "=", "!="} or not values:
            raise PayloadError(f"{key} is no field; there are {', '.join(FIELDS)}")
        tags = [(f"{key}:{value}", quoted) for value, quoted in values]
        found.add(make_filter("tag", op, tags, self.names))
        found.notes.append(f"{key} is no field: {tags[0][0]} is looked for as a tag")
        if near := next((f for f in FIELD_WORDS if _alike(f, key)), None):
            found.suggest(token, f"{FIELD_WORDS[near]}:{values[0][0]}")

    def _special(self, key: str, values: list[str]) -> None:
        """by:service, limit:5, is:ongoing, text:word."""
        value = values[0] if values else ""
        if key == "text":
            for word in values:
                self.found.add_word(word)
        elif key == "by" and all(group_of(word) for word in values) and values:
            self.found.grouping += [group for word in values if (group := group_of(word))]
        elif key == "limit" and _LIMIT.fullmatch(value):
            self.found.limit = int(value)
        elif key == "is" and value.lower() in {"ongoing", "open", "running"}:
            self.found.set_ongoing()
        else:
            raise PayloadError(
                f"{key}:{value[:60]} is not understood; write by:service, limit:5 or is:ongoing"
            )

    def version(self) -> bool:
        cursor = self.cursor
        if not cursor.accept("version", "versions"):
            return False
        if version := read_id(cursor):
            self.found.add(Filter("version", "=", (version,)))
            return True
        return False

    def kind(self) -> bool:
        cursor, found = self.cursor, self.found
        word = cursor.peek()
        if pair := KIND_PAIRS.get((word, cursor.peek(1))):
            cursor.at += 2
            found.add(Filter("kind", "=", (pair,)))
            return True
        kind = KIND_WORDS.get(word) or self.names.kind_of(word)
        if kind is None:
            return False
        if kind == "release" and (version := self._released()):
            found.add(Filter("version", "=", (version,)))
            return True
        cursor.at += 1
        found.add(Filter("kind", "=", (kind,)))
        if word in DONE_WORDS or (found.did and word in DO_WORDS):
            found.done = True
        return True

    def _released(self) -> str:
        """Release 1.4, where no phrase of time refers to it."""
        self.cursor.at += 1
        if version := read_id(self.cursor):
            return version
        self.cursor.at -= 1
        return ""

    def status(self) -> bool:
        status = STATUS_WORDS.get(self.cursor.peek())
        if status is None:
            return False
        self.cursor.at += 1
        self.found.add(Filter("status", "=", (status,)))
        return True

    def field_and_name(self) -> bool:
        """Service api, team payments."""
        cursor = self.cursor
        name = FIELD_WORDS.get(cursor.peek())
        value = self.names.spelled(name, cursor.peek(1)) if name and cursor.peek(1) else None
        if name is None or value is None:
            return False
        cursor.at += 2
        self.found.add(Filter(name, "=", (value,)))
        return True

    def name(self) -> bool:
        """The name of a service, an environment and so on, standing alone."""
        token = self.cursor.token()
        fields = self.names.fields_of(token.text) if token.lower else ()
        if not fields:
            return False
        self.cursor.at += 1
        if len(fields) > 1:
            self._ask_which(token, fields)
        self.found.add(Filter(fields[0], "=", (spell(fields[0], token.text, self.names),)))
        return True

    def _ask_which(self, token: Token, fields: tuple[str, ...]) -> None:
        several = " and ".join([", ".join(fields[:-1]), fields[-1]])
        self.found.notes.append(f"{token.text} is a {several}: which? Taken as the {fields[0]}")
        for name in fields:
            self.found.suggest(token, f"{name}:{spell(name, token.text, self.names)}")


def _alike(word: str, other: str) -> bool:
    """Whether one is the other with letters swapped or one letter more or less."""
    return abs(len(word) - len(other)) <= 1 and len({*word} ^ {*other}) <= 1 and word[0] == other[0]

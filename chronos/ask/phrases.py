"""The words of a question that are not about time, one attempt at a time."""

import re
from dataclasses import replace

from chronos.ask.cursor import Cursor
from chronos.ask.filters import (
    SPECIAL,
    filters_of_matchers,
    make_filter,
    spell,
    split_filter,
    split_values,
)
from chronos.ask.found import Found
from chronos.ask.reading import Filter, Shape
from chronos.ask.references import read_id, read_reference
from chronos.ask.times import Times
from chronos.ask.tokens import Sort, Token
from chronos.ask.vocabulary import (
    DO_WORDS,
    DONE_WORDS,
    FIELD_WORDS,
    FIELDS,
    FILLERS,
    KIND_PAIRS,
    KIND_WORDS,
    NOT_WORDS,
    PERIODS,
    PREPOSITIONS,
    STATUS_WORDS,
)
from opsportal.lib.errors import PayloadError

MOST_WORDS = 10
_OPERATORS = frozenset({":", "=", "!=", "<", "<=", ">", ">="})
_SHAPES: dict[tuple[str, ...], Shape] = {
    ("how", "many"): Shape.COUNT,
    ("number", "of"): Shape.COUNT,
    ("count",): Shape.COUNT,
    ("who",): Shape.WHO,
    ("whom",): Shape.WHO,
    ("when",): Shape.WHEN,
    ("diff",): Shape.DIFF,
    ("difference",): Shape.DIFF,
    ("differences",): Shape.DIFF,
    ("compare",): Shape.DIFF,
    ("suspect",): Shape.SUSPECTS,
    ("suspects",): Shape.SUSPECTS,
    ("culprit",): Shape.SUSPECTS,
    ("culprits",): Shape.SUSPECTS,
    ("what", "caused"): Shape.SUSPECTS,
    ("what", "broke"): Shape.SUSPECTS,
    ("what", "version"): Shape.RUNNING,
    ("what", "versions"): Shape.RUNNING,
    ("which", "version"): Shape.RUNNING,
    ("which", "versions"): Shape.RUNNING,
}
_ONGOING = (("still", "running"), ("still", "going"), ("in", "progress"), ("ongoing",), ("unfinished",))
_LATEST = ("last", "latest", "newest", "recent")
_PREFERRED = {
    "in": ("environment", "region", "service"),
    "by": ("actor", "team"),
    "from": ("source", "region", "team"),
}
_THINGS = frozenset({"change", "changes", "event", "events"})
_PREFIXES = {"@": "actor", "#": "tag"}


class Phrases:
    """Reads one word or phrase after the other."""

    def __init__(self, cursor: Cursor, times: Times, found: Found) -> None:
        self.cursor = cursor
        self.times = times
        self.found = found
        self.names = found.names

    def step(self) -> None:
        """Go past what stands here."""
        self.found.negated = False
        if not (self._known() or self._name() or self._filler()):
            self._unknown()

    def _known(self) -> bool:
        """What is understood without regard to the names of this portal."""
        cursor = self.cursor
        begun = cursor.at
        for attempt in (
            self._phrase, self._matchers, self._negation, self._prefix, self._filter, self._subject,
            self._shape, self._ongoing, self._grouping, self._latest, self.times.read,
            self._version, self._reference, self._kind, self._status, self._field_and_name, self._preposition,
        ):  # fmt: skip
            if attempt():
                return True
            cursor.at = begun
        return False

    def _phrase(self) -> bool:
        token = self.cursor.token()
        if token.sort is not Sort.PHRASE:
            return False
        self.cursor.at += 1
        self._add_word(" ".join(token.text.split()))
        return True

    def _add_word(self, word: str) -> None:
        if word and word not in self.found.words:
            self.found.words.append(word)
        if len(self.found.words) > MOST_WORDS:
            raise PayloadError(
                f"more than {MOST_WORDS} words to look for; put a phrase in quotes or ask shorter"
            )

    def _matchers(self) -> bool:
        token = self.cursor.token()
        if token.sort is not Sort.MATCHERS:
            return False
        self.cursor.at += 1
        for made in filters_of_matchers(token.text, self.names):
            self.found.add(made)
        return True

    def _negation(self) -> bool:
        """`-kind:alert`, `not prod`, `except alerts`."""
        cursor, found = self.cursor, self.found
        token = cursor.token()
        dashed = token.sort is Sort.WORD and len(token.text) > 1 and token.text[0] in "-!"
        if found.negated or not (dashed or token.lower in NOT_WORDS):
            return False
        if dashed:
            bare = replace(token, text=token.text[1:])
            cursor.tokens = (*cursor.tokens[: cursor.at], bare, *cursor.tokens[cursor.at + 1 :])
        else:
            cursor.at += 1
            cursor.accept("in", "by", "for", "of", "on", "from", "to")
        begun = cursor.at
        found.negated = True
        if not cursor.ended:
            for attempt in (self._prefix, self._filter, self._kind, self._status, self._name):
                if attempt():
                    return True
                cursor.at = begun
        if dashed:
            raise PayloadError(
                f"{token.text[:60]!r} is not known; write what to leave out as -kind:alert or "
                "-service:example"
            )
        found.negated = False
        return False

    def _prefix(self) -> bool:
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

    def _filter(self) -> bool:
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

    def _condition(self, token: Token, key: str, op: str, values: list[tuple[str, bool]]) -> None:
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
                self._add_word(word)
        elif key == "by" and all(_group(word) for word in values) and values:
            self.found.grouping += [group for word in values if (group := _group(word))]
        elif key == "limit" and re.fullmatch(r"[1-9][0-9]{0,3}", value):
            self.found.limit = int(value)
        elif key == "is" and value.lower() in {"ongoing", "open", "running"}:
            self._set_ongoing()
        else:
            raise PayloadError(
                f"{key}:{value[:60]} is not understood; write by:service, limit:5 or is:ongoing"
            )

    def _set_ongoing(self) -> None:
        self.found.ongoing = True
        self.found.add(Filter("status", "=", ("started",)))

    def _subject(self) -> bool:
        """Suspects for incident 42."""
        cursor = self.cursor
        if self.found.shape is not Shape.SUSPECTS or self.found.subject:
            return False
        cursor.accept("for", "of", "behind", "before", "during")
        self.found.subject = read_reference(cursor, self.names)
        return self.found.subject is not None

    def _shape(self) -> bool:
        cursor, found = self.cursor, self.found
        for words, shape in _SHAPES.items():
            if cursor.accept_all(*words):
                found.shape = found.shape or shape
                return True
        if cursor.accept("running", "runs"):
            found.running = True
            return True
        return False

    def _ongoing(self) -> bool:
        if not any(self.cursor.accept_all(*words) for words in _ONGOING):
            return False
        self._set_ongoing()
        return True

    def _grouping(self) -> bool:
        cursor = self.cursor
        cursor.accept("grouped", "group")
        if not cursor.accept("by", "per"):
            return False
        groups = []
        while group := _group(cursor.peek()):
            groups.append(group)
            cursor.at += 1
            if not _group(cursor.peek(1)) or not cursor.accept("and"):
                break
        self.found.grouping += groups
        return bool(groups)

    def _latest(self) -> bool:
        """The last 5 deploys; when did we last deploy; who deployed api last."""
        cursor, found = self.cursor, self.found
        cursor.accept("the", "most")
        if not cursor.accept(*_LATEST):
            return False
        number = cursor.number()
        ahead = 1 if cursor.peek() in STATUS_WORDS else 0
        word = cursor.peek(ahead)
        if word in KIND_WORDS or word in _THINGS or (word, cursor.peek(ahead + 1)) in KIND_PAIRS:
            if number or not word.endswith("s"):
                found.limit = max(1, min(int(number or 1), 1000))
            return True
        if number is None and found.shape in {Shape.WHO, Shape.WHEN}:
            last_word = cursor.at >= len(cursor.tokens) or not self.times.points.peek_period()
            found.newest = last_word
            return last_word
        return False

    def _version(self) -> bool:
        cursor = self.cursor
        if not cursor.accept("version", "versions"):
            return False
        if version := read_id(cursor):
            self.found.add(Filter("version", "=", (version,)))
            return True
        return False

    def _reference(self) -> bool:
        """Incident 42, standing alone."""
        if self.found.subject or self.cursor.peek() not in {"incident", "alert", "event"}:
            return False
        self.found.subject = read_reference(self.cursor, self.names)
        return self.found.subject is not None

    def _kind(self) -> bool:
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

    def _status(self) -> bool:
        status = STATUS_WORDS.get(self.cursor.peek())
        if status is None:
            return False
        self.cursor.at += 1
        self.found.add(Filter("status", "=", (status,)))
        return True

    def _field_and_name(self) -> bool:
        """Service api, team payments."""
        cursor = self.cursor
        name = FIELD_WORDS.get(cursor.peek())
        value = self.names.spelled(name, cursor.peek(1)) if name and cursor.peek(1) else None
        if name is None or value is None:
            return False
        cursor.at += 2
        self.found.add(Filter(name, "=", (value,)))
        return True

    def _preposition(self) -> bool:
        """In prod, by ann, of api."""
        cursor = self.cursor
        preposition = cursor.peek()
        default = PREPOSITIONS.get(preposition)
        if default is None:
            return False
        cursor.at += 1
        cursor.accept("the", "our", "all")
        if cursor.ended:
            return True
        token = cursor.token()
        known = self.names.fields_of(token.text) if token.lower else ()
        if not known and (self._known() or self._filler()):
            return True
        preferred = [f for f in _PREFERRED.get(preposition, ()) if f in known] or known
        name = preferred[0] if preferred else default
        if not name or not token.lower:
            return True
        cursor.at += 1
        made = Filter(name, "=", (spell(name, token.text, self.names),))
        self.found.add(made)
        if not known:
            self.found.suggest_known(token, made)
        return True

    def _name(self) -> bool:
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
        self.found.notes.append(
            f"{token.text} is a {several}: which? Taken as the {fields[0]}"
        )
        for name in fields:
            self.found.suggest(token, f"{name}:{spell(name, token.text, self.names)}")

    def _filler(self) -> bool:
        word = self.cursor.peek()
        self.found.did |= word == "did"
        plain = word.strip("-–—.,;:!?'…&|/()[]")  # noqa: RUF001
        if plain and word not in FILLERS and word not in PREPOSITIONS and not _group(word):
            return False
        if not word:
            return False
        self.cursor.at += 1
        return True

    def _unknown(self) -> None:
        token = self.cursor.token()
        self.cursor.at += 1
        self._add_word(token.text)
        self.found.unknown.append(token.text)
        if near := self.names.nearest_word(token.text):
            self.found.suggest(token, f"{near[0]}:{near[1]}")


def _group(word: str) -> str | None:
    """What may be counted by; plurals too."""
    word = word.lower()
    for form in (word, word.removesuffix("s")):
        if form in PERIODS:
            return form
        if form in FIELD_WORDS:
            return FIELD_WORDS[form]
    return None


def _alike(word: str, other: str) -> bool:
    """Whether one is the other with letters swapped or one letter more or less."""
    return abs(len(word) - len(other)) <= 1 and len({*word} ^ {*other}) <= 1 and word[0] == other[0]

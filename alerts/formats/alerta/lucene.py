"""Alerta's query language, `?q=`: a subset of Lucene's, from text to a tree.

`severity:major AND (resource:web OR text:"disk full") NOT _.region:eu*`. Source: alerta 9.1
(alerta/database/backends/postgres/queryparser.py). What stands side by side is an OR, as there.
Fuzziness, proximity and boosts are in neither.
"""

import re

from msgspec import Struct

from opsportal.lib.errors import FieldError, PayloadError

DEFAULT_FIELD = "text"
LONGEST_QUERY, MOST_TERMS, DEEPEST = 2000, 50, 20
# Each is looked for in the whole of every alert's text, which may be long.
MOST_PATTERNS = 10

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<and> AND(?!\S) | && )
    | (?P<or> OR(?!\S) | \|\| )
    | (?P<not> NOT(?!\S) | ! | -(?=\S) )
    | (?P<plus> \+(?=\S) )
    | (?P<open> \( )
    | (?P<close> \) )
    | "(?P<phrase> (?:[^"\\]|\\.)* )"
    | /(?P<regex> (?:[^/\\]|\\.)* )/
    | (?P<from> [\[{] ) \s* (?P<low> \S+ ) \s+ TO \s+ (?P<high> [^\s\]}]+ ) \s* (?P<to> [\]}] )
    | (?P<op> >=|<=|>|< ) \s* (?P<bound> (?:\\.|[^\s()\\])+ )
    | (?P<field> (?:\\.|[^\s()":/\[\]{}<>\\])+ ) : (?=\S)
    | (?P<word> (?:\\.|[^\s()":\[\]{}<>\\])+ )
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class Term(Struct, frozen=True):
    """One condition on one field; `kind` is word, phrase, wildcard, regex, exists or an operator.

    `field` is empty for the default one.
    """

    field: str
    kind: str
    value: str


class Both(Struct, frozen=True):
    """All of them."""

    parts: tuple["Node", ...]


class Either(Struct, frozen=True):
    """One of them."""

    parts: tuple["Node", ...]


class Negated(Struct, frozen=True):
    """Not it."""

    part: "Node"


Node = Term | Both | Either | Negated


def parse_query(text: str) -> Node:
    """The tree of a query that is not empty. Raises PayloadError."""
    if len(text) > LONGEST_QUERY:
        raise _refused(f"it is longer than {LONGEST_QUERY} characters")
    parser = _Parser(text)
    tree = parser.either("", 0)
    if parser.kind:
        raise _refused(f"unexpected {parser.token!r}")
    return tree


class _Parser:
    """Walks over the tokens once."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.terms, self.patterns = text, 0, 0, 0
        self.kind, self.token = "", ""
        self.found: re.Match[str] | None = None
        self.step()

    def step(self) -> None:
        """On to the next token; `kind` is empty at the end."""
        self.found = _TOKEN.match(self.text, self.at)
        if self.found is None:
            if self.text[self.at :].strip():
                raise _refused(f"it cannot be read from {self.text[self.at :][:40]!r} on")
            self.kind = self.token = ""
            return
        self.at = self.found.end()
        named = {name: value for name, value in self.found.groupdict().items() if value is not None}
        self.kind, self.token = next(iter(named.items()))

    def either(self, field: str, depth: int) -> Node:
        """Parts with OR, or nothing, between them; a NOT after another takes away from it."""
        if depth > DEEPEST:
            raise _refused("it is nested too deeply")
        left = self.both(field, depth)
        while self.kind not in ("", "close"):
            if self.kind == "or":
                self.step()
            right = self.both(field, depth)
            parts = (left, right)
            left = Both(parts) if isinstance(right, Negated) else Either(parts)
        return left

    def both(self, field: str, depth: int) -> Node:
        """Parts with AND between them."""
        parts = [self.one(field, depth)]
        while self.kind == "and":
            self.step()
            parts.append(self.one(field, depth))
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def one(self, field: str, depth: int) -> Node:
        """A term, a group, or what it is not."""
        if depth > DEEPEST:
            raise _refused("it is nested too deeply")
        if self.kind == "not":
            self.step()
            return Negated(self.one(field, depth + 1))
        if self.kind == "plus":
            self.step()
            return self.one(field, depth + 1)
        if self.kind == "field":
            field = _plain(self.token)
            self.step()
        if self.kind == "open":
            self.step()
            inner = self.either(field, depth + 1)
            if self.kind != "close":
                raise _refused("a parenthesis is never closed")
            self.step()
            return inner
        return self.term(field)

    def term(self, field: str) -> Node:
        """A condition on the field."""
        self.terms += 1
        if self.terms > MOST_TERMS:
            raise _refused(f"it has more than {MOST_TERMS} terms")
        made = self._made(field)
        self.patterns += isinstance(made, Term) and made.kind in ("regex", "wildcard")
        if self.patterns > MOST_PATTERNS:
            raise _refused(f"it has more than {MOST_PATTERNS} patterns and wildcards")
        self.step()
        return made

    def _made(self, field: str) -> Node:
        kind, token, found = self.kind, self.token, self.found
        if found is None or kind in ("and", "or", "close", "field"):
            raise _refused(f"a term is missing before {token!r}" if token else "a term is missing")
        if kind == "from":
            return _range(field, found)
        if kind == "op":
            return Term(field, token, _plain(found["bound"]))
        if kind == "word" and field == "_exists_":
            return Term(_plain(token), "exists", "")
        if kind == "word" and ("*" in token or "?" in token):
            return Term(field, "wildcard", token)
        return Term(field, kind, token if kind == "regex" else _plain(token))


def _range(field: str, found: re.Match[str]) -> Node:
    parts = []
    if found["low"] != "*":
        parts.append(Term(field, ">=" if found["from"] == "[" else ">", _plain(found["low"])))
    if found["high"] != "*":
        parts.append(Term(field, "<=" if found["to"] == "]" else "<", _plain(found["high"])))
    return Both(tuple(parts))


def _plain(token: str) -> str:
    """Without backslashes that make characters mean themselves."""
    return _ESCAPED.sub(r"\1", token)


def _refused(reason: str) -> PayloadError:
    message = "Failed to parse query string."
    return PayloadError(message, [FieldError("q", reason)])

"""Conditions on fields: env:prod, -kind:alert, severity>=3, region:eu-*, {service="api"}."""

import re

from chronos.ask.names import KnownNames
from chronos.ask.reading import Filter
from chronos.ask.tokens import unescape
from chronos.ask.vocabulary import FIELD_WORDS, KIND_WORDS, STATUS_WORDS
from opsportal.lib.errors import PayloadError
from opsportal.lib.matchers import parse_matchers
from opsportal.lib.matchers.values import parse_number

_FILTER = re.compile(r"([a-z_][a-z0-9_.]{0,49})(:|!=|>=|<=|=|<|>)(.*)", re.IGNORECASE | re.DOTALL)
COMPARISONS = frozenset({"<", "<=", ">", ">="})
# What `key:value` is when it is no condition on a field.
SPECIAL = frozenset({"by", "limit", "is", "text"})
_SCHEMES = frozenset({"http", "https", "ftp", "ssh", "git", "urn", "arn", "mailto", "pkg"})
# Operators: of one value, of its opposite, of a glob, of a glob's opposite.
NEGATED = {
    "=": "!=",
    "!=": "=",
    "=*": "!=*",
    "!=*": "=*",
    "<": ">=",
    ">=": "<",
    ">": "<=",
    "<=": ">",
}

Value = tuple[str, bool]


def split_filter(word: str) -> tuple[str, str, str] | None:
    """Key, operator and the rest of `key:value`; None for what is none."""
    found = _FILTER.fullmatch(word)
    if found is None or found[1].lower() in _SCHEMES:
        return None
    return found[1].lower(), found[2], found[3]


def split_values(text: str) -> list[Value]:
    """The values between commas, and whether each stood in quotes."""
    found: list[Value] = []
    at = 0
    while at <= len(text):
        start = at
        if text[at : at + 1] == '"':
            at += 1
            while at < len(text) and text[at] != '"':
                at += 2 if text[at] == "\\" else 1
            found.append((unescape(text[start + 1 : at]), True))
            at = text.find(",", at) if "," in text[at:] else len(text)
        else:
            at = text.find(",", at) if "," in text[at:] else len(text)
            if value := text[start:at].replace('"', ""):
                found.append((value, False))
        at += 1
    return found


def make_filter(name: str, op: str, given: list[Value], names: KnownNames) -> Filter:
    """The condition of `name:value,value`, with names spelled as they are known."""
    op = "=" if op == ":" else op
    values = tuple(dict.fromkeys(spell(name, value, names) for value, _ in given))
    if not values:
        raise PayloadError(f"{name}{':' if op == '=' else op} needs a value, as in {name}:example")
    if op in COMPARISONS:
        if len(values) > 1 or parse_number(values[0]) is None:
            raise PayloadError(f"{name}{op} needs one number, as in {name}{op}3")
        return Filter(name, op, values)
    if any("*" in value and not quoted for value, quoted in given):
        op += "*"
    return Filter(name, op, values)


def spell(name: str, value: str, names: KnownNames) -> str:
    """The value as it is known; words for kinds and statuses are those of events."""
    if found := names.spelled(name, value):
        return found
    words = KIND_WORDS if name == "kind" else STATUS_WORDS if name == "status" else {}
    return words.get(value.lower(), value)


def filters_of_matchers(text: str, names: KnownNames) -> list[Filter]:
    """The conditions of `{service="api"}`. Raises PayloadError."""
    found = []
    for matcher in parse_matchers(text).items:
        name = FIELD_WORDS.get(matcher.name, matcher.name)
        value = matcher.value if matcher.op in {"=~", "!~"} else spell(name, matcher.value, names)
        found.append(Filter(name, matcher.op, (value,)))
    return found


def merge_filters(filters: list[Filter]) -> tuple[Filter, ...]:
    """One condition for each field and operator, in a fixed order."""
    values: dict[tuple[str, str], list[str]] = {}
    alone: list[Filter] = []
    for found in filters:
        if found.op in NEGATED and found.op not in COMPARISONS:
            values.setdefault((found.field, found.op), []).extend(found.values)
        else:
            alone.append(found)
    merged = [Filter(name, op, tuple(sorted(set(given)))) for (name, op), given in values.items()]
    return tuple(sorted({*merged, *alone}, key=lambda f: (f.field, f.op, f.values)))

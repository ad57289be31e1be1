"""A configuration as people read it: facts, tables and statements, whatever the technology."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from security.normalise import Shape

# Rows of one table that a page shows.
MOST_ROWS, _LONGEST = 300, 20_000
_STATEMENT = ("Action", "NotAction", "Principal", "NotPrincipal", "Resource", "NotResource")


@dataclass(frozen=True, slots=True)
class Section:
    """One facet that is more than a word; which of the rest is set is how it is shown."""

    name: str
    unknown: Mapping[str, str] | None = None
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    statements: Sequence["Statement"] = ()
    facts: Sequence[tuple[str, str]] = ()
    text: str = ""
    # How many there are.
    total: int = 0


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy."""

    effect: str
    sid: str
    parts: Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Readable:
    """The facets that are a word or a number, and the others."""

    facts: Sequence[tuple[str, str]]
    sections: Sequence[Section]


def read_config(config: Mapping[str, Any], shape: Shape, unknown: Mapping[str, Any]) -> Readable:
    """All of it; `unknown` facets show what is known of before."""
    facts, sections = [], []
    for name, value in config.items():
        failed = unknown.get(name)
        if failed is None and not isinstance(value, (dict, list)):
            facts.append((name, _word(value)))
        else:
            sections.append(_section(name, value, shape, failed))
    sections += [Section(name, failed) for name, failed in unknown.items() if name not in config]
    return Readable(facts, sorted(sections, key=lambda one: (one.name == "tags", -one.total)))


def _section(name: str, value: Any, shape: Shape, unknown: Any) -> Section:
    if isinstance(value, dict) and isinstance(value.get("Statement"), list):
        rows = value["Statement"]
        shown = [_statement(row) for row in rows[:MOST_ROWS]]
        return Section(name, unknown, statements=shown, total=len(rows))
    if isinstance(value, list) and value:
        if all(isinstance(row, dict) for row in value):
            columns = _columns(value[:MOST_ROWS], shape.keys.get(name, ()))
            rows = [[_cell(row.get(column)) for column in columns] for row in value[:MOST_ROWS]]
            return Section(name, unknown, columns=columns, rows=rows, total=len(value))
        cells = [[_cell(row)] for row in value[:MOST_ROWS]]
        return Section(name, unknown, columns=("",), rows=cells, total=len(value))
    if isinstance(value, dict) and value and not any(_is_deep(v) for v in value.values()):
        facts = [(key, _word(inner)) for key, inner in value.items()]
        return Section(name, unknown, facts=facts, total=len(value))
    return Section(name, unknown, text=_json(value), total=1 if value else 0)


def _columns(rows: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> list[str]:
    """Those by which a row is known first; those that are empty everywhere not at all."""
    names = dict.fromkeys([*keys, *(name for row in rows for name in row)])
    return [name for name in names if any(row.get(name) not in (None, "") for row in rows)]


def _statement(row: Any) -> Statement:
    if not isinstance(row, dict):
        return Statement("", "", [("", [_json(row)])])
    rest = [name for name in row if name not in (*_STATEMENT, "Effect", "Sid")]
    parts = [(name, list(_lines(row[name]))) for name in (*_STATEMENT, *rest) if name in row]
    return Statement(str(row.get("Effect", "")), str(row.get("Sid", "")), parts)


def _lines(value: Any, before: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _lines(inner, f"{before} {name}".strip())
    elif isinstance(value, list):
        for inner in value:
            yield from _lines(inner, before)
    else:
        yield f"{before} {_word(value)}".strip()


def _is_deep(value: Any) -> bool:
    return isinstance(value, (dict, list)) and bool(value)


def _cell(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if _is_deep(value) else _word(value)


def _word(value: Any) -> str:
    if value in (None, [], {}):
        return ""
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _json(value: Any) -> str:
    if value in (None, {}, []):
        return ""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}\n…"

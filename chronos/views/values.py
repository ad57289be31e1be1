"""JSON for people: a tree that folds, and two values side by side."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

# What is nested deeper, or is longer, stands there as text.
_DEEPEST, _MOST_ENTRIES = 8, 200
# Levels that are open at first.
_OPEN = 2
_ABSENT: Any = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """One place that differs; None where there is nothing."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two values, place by place; `same` is how many places are equal."""

    differences: list[Difference]
    same: int


def compare(before: Any, after: Any) -> Comparison:
    """Where two values of JSON differ."""
    old, new = dict(_leaves(before)), dict(_leaves(after))
    paths = [*old, *(path for path in new if path not in old)]
    differences = [
        Difference(path, _text(old, path), _text(new, path))
        for path in paths
        if not _same(old.get(path, _ABSENT), new.get(path, _ABSENT))
    ]
    return Comparison(differences, len(paths) - len(differences))


def tree(value: Any, depth: int = 0) -> SafeString:
    """The value as nested lists, of which the outer ones are open."""
    if not isinstance(value, dict | list) or not value:
        return format_html('<span class="ops-leaf">{}</span>', write(value))
    if depth >= _DEEPEST:
        return format_html("<pre>{}</pre>", write(value))
    pairs = list(value.items() if isinstance(value, dict) else enumerate(value))
    shown = format_html_join(
        "",
        "<li><b>{}</b> {}</li>",
        ((key, tree(child, depth + 1)) for key, child in pairs[:_MOST_ENTRIES]),
    )
    more = len(pairs) - _MOST_ENTRIES
    rest = format_html("<li>and {} more</li>", more) if more > 0 else ""
    if depth == 0:
        return format_html("<ul>{}{}</ul>", shown, rest)
    noun = "entries" if len(pairs) != 1 else "entry"
    return format_html(
        "<details{}><summary>{} {}</summary><ul>{}{}</ul></details>",
        " open" if depth < _OPEN else "",
        len(pairs),
        noun,
        shown,
        rest,
    )


def write(value: Any) -> str:
    """A text as it is, anything else as JSON."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "nested too deeply to be shown"


def _leaves(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Path and value of what is not a collection; an empty path is the value itself."""
    if depth >= _DEEPEST:
        yield path, write(value)
        return
    if not isinstance(value, dict | list) or not value:
        if path or value is not None:
            yield path, value
        return
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, child in pairs:
        yield from _leaves(child, f"{path}.{key}" if path else str(key), depth + 1)


def _same(one: Any, other: Any) -> bool:
    """Whether both are the same JSON; to Python, true is 1."""
    return type(one) is type(other) and bool(one == other)


def _text(leaves: dict[str, Any], path: str) -> str | None:
    return write(leaves[path]) if path in leaves else None

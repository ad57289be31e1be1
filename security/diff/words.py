"""Differences in lines that people read."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from security.diff.compare import Op, compare, steps_of
from security.diff.statements import facts_of
from security.normalise import Shape, encode

SIGNS: Mapping[str, str] = {"add": "+", "remove": "-", "replace": "~"}
_SIDE: Mapping[str, str] = {"add": "new", "remove": "old"}
_LONGEST, _MOST, _MOST_PARTS = 120, 5, 40
# A collector's words for an element at a path; empty: none of its own.
Words = Callable[[str, Mapping[str, Any]], str]


class Line(Struct, frozen=True, omit_defaults=True):
    """One difference: its sign (+ - ~), its words, and what differs within it."""

    sign: str
    text: str
    change_class: str = ""
    parts: tuple["Line", ...] = ()

    def __str__(self) -> str:
        inner = ", ".join(str(part) if part.sign else part.text for part in self.parts)
        return f"{self.sign} {self.text}{': ' if inner else ''}{inner}".strip()


def summary_of(ops: Sequence[Op], shape: Shape, words: Words | None = None) -> str:
    """The first few differences, and how many more there are; at most 1,000 characters."""
    shown = [_cut(str(line), 2 * _LONGEST) for line in lines_of(ops[:_MOST], shape, words)]
    if len(ops) > _MOST:
        shown.append(f"and {len(ops) - _MOST} more")
    return _cut("; ".join(shown), 1000)


def lines_of(ops: Sequence[Op], shape: Shape, words: Words | None = None) -> list[Line]:
    """A line for each difference; a policy that came or went, by its statements."""
    return [line for op in ops for line in (_policy_lines(op) or [_line(op, shape, words)])]


def element_words(path: str, element: Any, shape: Shape, words: Words | None = None) -> str:
    """What an element of a set is called: in the collector's words, else by its names."""
    if not isinstance(element, Mapping):
        return _plain(element)
    own = words(path, element) if words else ""
    if own:
        return own
    keys = shape.keys.get(path, ())
    shown = [_plain(element[name]) for name in keys if element.get(name) not in (None, "")]
    rest = (name for name in element if name not in keys)
    shown += [f"{n}={_plain(element[n])}" for n in rest if element[n] not in (None, "", [], {})]
    return " ".join(shown)


def _line(op: Op, shape: Shape, words: Words | None) -> Line:
    where, sign = ".".join(steps_of(op.path)), SIGNS[op.op]
    if op.path.endswith(".Statement") and op.element:
        return _statement_line(op, where.removesuffix(".Statement"))
    if op.element:
        return _element_line(op, where, shape, words)
    if op.op == "replace":
        if isinstance(op.old, list) and isinstance(op.new, list):
            return _sequence_line(op, where)
        return Line(sign, f"{where} {_shift(op.old, op.new)}", op.change_class)
    value = op.new if op.op == "add" else op.old
    return Line(sign, f"{where} {_cut(_fact(value))}".strip(), op.change_class)


def _policy_lines(op: Op) -> list[Line]:
    """Of a whole policy that was put or taken off: each of its statements; none of all else."""
    if op.element or sum(value is None for value in (op.old, op.new)) != 1:
        return []
    kind, policy = ("add", op.new) if op.old is None else ("remove", op.old)
    rows = policy.get("Statement") if isinstance(policy, Mapping) else None
    if not isinstance(rows, list):
        return []
    where = ".".join(steps_of(op.path))
    whole = [Op(kind, op.path, change_class=op.change_class, **{_SIDE[kind]: row}) for row in rows]
    return [_statement_line(one, where) for one in whole] or [
        Line(SIGNS[kind], f"{where} without statements", op.change_class)
    ]


def _element_line(op: Op, where: str, shape: Shape, words: Words | None) -> Line:
    element = op.new if op.op == "add" else op.old
    if op.op == "replace":
        kept = {name: value for name, value in op.new.items() if name not in op.fields}
        inner = compare(
            {name: op.old[name] for name in op.fields if name in op.old},
            {name: op.new[name] for name in op.fields if name in op.new},
            Shape(),
        )
        text = _called(op.path, where, kept, shape, words)
        return Line(
            "~", text, op.change_class, tuple(_bare(_line(one, shape, None)) for one in inner)
        )
    text = _called(op.path, where, element, shape, words)
    return Line(SIGNS[op.op], _cut(text, 2 * _LONGEST), op.change_class)


def _bare(line: Line) -> Line:
    return Line("", line.text, line.change_class) if line.sign == "~" else line


def _called(path: str, where: str, element: Any, shape: Shape, words: Words | None) -> str:
    own = words(path, element) if words and isinstance(element, Mapping) else ""
    return own or f"{where} {element_words(path, element, shape)}"


def _sequence_line(op: Op, where: str) -> Line:
    """Of a list in which the order counts: what only one has, else that it is another order."""
    before, after = Counter(map(encode, op.old)), Counter(map(encode, op.new))
    parts = [Line("-", _cut(_plain(row))) for row in op.old if encode(row) in before - after]
    parts += [Line("+", _cut(_plain(row))) for row in op.new if encode(row) in after - before]
    text = where if parts else f"{where} in another order"
    return Line("~", text, op.change_class, tuple(parts[:_MOST_PARTS]))


def _statement_line(op: Op, where: str) -> Line:
    row = op.new if op.op == "add" else op.old
    facts = facts_of(row)
    if op.op != "replace":
        said = [f"{name.lower()} {', '.join(sorted(facts[name]))}" for name in _parts(facts)]
        text = f"{where} {_named(row)} {_cut(' '.join(said), 2 * _LONGEST)}"
        return Line(SIGNS[op.op], " ".join(text.split()), op.change_class)
    then = facts_of(op.new)
    parts = list(_fact_lines(facts, then))[:_MOST_PARTS]
    return Line("~", f"{where} {_named(op.new)}", op.change_class, tuple(parts))


def _fact_lines(
    before: Mapping[str, frozenset[str]], after: Mapping[str, frozenset[str]]
) -> Iterator[Line]:
    nothing: frozenset[str] = frozenset()
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name, nothing), after.get(name, nothing)
        if name in ("Sid", "Effect"):
            if old != new:
                yield Line("", f"{name} {_shift(' '.join(old), ' '.join(new))}")
            continue
        yield from (Line("-", f"{name.lower()} {word}") for word in sorted(old - new))
        yield from (Line("+", f"{name.lower()} {word}") for word in sorted(new - old))


def _parts(facts: Mapping[str, frozenset[str]]) -> list[str]:
    order = ("Action", "NotAction", "Principal", "NotPrincipal", "Resource", "NotResource")
    known = [name for name in order if name in facts]
    return [*known, *(n for n in facts if n not in (*order, "Sid", "Effect"))]


def _named(row: Any) -> str:
    if not isinstance(row, Mapping):
        return _plain(row)
    sid = row.get("Sid")
    return f"{row.get('Effect', '')} {_quoted(sid) if sid else 'statement'}".strip()


def _shift(old: Any, new: Any) -> str:
    return f"{_cut(_fact(old))} → {_cut(_fact(new))}"


def _fact(value: Any) -> str:
    """A value; a table of plain ones as `a=true b=2` and a list as `a, b`, not as JSON."""
    if isinstance(value, Mapping) and value and not any(map(_is_deep, value.values())):
        return " ".join(f"{name}={_plain(inner)}" for name, inner in value.items())
    if isinstance(value, list) and value and not any(map(_is_deep, value)):
        return ", ".join(map(_plain, value))
    return _quoted(value)


def _is_deep(value: Any) -> bool:
    return isinstance(value, (Mapping, list))


def _quoted(value: Any) -> str:
    if value is None:
        return "none"
    return f'"{value}"' if isinstance(value, str) else _plain(value)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else encode(value).decode()


def _cut(text: str, most: int = _LONGEST) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"

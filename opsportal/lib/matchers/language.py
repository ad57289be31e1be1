"""Matchers as values: what they mean for one set of labels, and their canonical text."""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from opsportal.lib.matchers.values import compile_pattern, parse_number

BARE_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
# Beside comparisons of numbers.
_SLOWNESS = {"=": 0, "!=": 0, "=~": 2, "!~": 2}
Check = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label."""

    name: str
    op: str
    value: str

    def __str__(self) -> str:
        name = self.name if BARE_NAME.fullmatch(self.name) else _quote(self.name)
        return f"{name}{self.op}{_quote(self.value)}"


@dataclass(frozen=True, slots=True)
class Matchers:
    """Conditions that must all hold; none of them at all matches everything."""

    items: tuple[Matcher, ...] = ()
    _checks: tuple[tuple[str, Check], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # All must hold, so what is quick to say no is asked first.
        items = sorted(self.items, key=lambda item: _SLOWNESS.get(item.op, 1))
        checks = tuple((item.name, _check(item)) for item in items)
        object.__setattr__(self, "_checks", checks)

    def __str__(self) -> str:
        return "{" + ", ".join(map(str, self.items)) + "}"

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels fulfil every matcher; an absent label is the empty string."""
        get = labels.get
        for name, check in self._checks:
            if not check(get(name, "")):
                break
        else:
            return True
        return False


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _check(matcher: Matcher) -> Check:
    value = matcher.value
    match matcher.op:
        case "=":
            return value.__eq__
        case "!=":
            return value.__ne__
        case "=~":
            return compile_pattern(value)
        case "!~":
            found = compile_pattern(value)
            return lambda text: not found(text)
    return _comparison(COMPARISONS[matcher.op], float(value))


def _comparison(compare: Callable[[float, float], bool], bound: float) -> Check:
    def check(text: str) -> bool:
        number = parse_number(text)
        return number is not None and compare(number, bound)

    return check

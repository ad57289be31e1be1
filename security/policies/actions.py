"""Patterns of actions and resources: `*` is any text, `?` any character.

No catalogue of AWS's actions is needed: whether a set of patterns leaves anything out is asked of a
witness, an action that has the pattern's form and that nobody else names.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

_WITNESS = "zq"


@lru_cache(maxsize=4096)
def _compiled(pattern: str, one: str) -> re.Pattern[str]:
    """Atomic groups: many stars do not make it slow."""
    first, *rest = re.sub(r"\*+", "*", pattern).split("*")
    found = _fixed(first, one)
    if rest:
        *inner, last = rest
        found += "".join(f"(?>.*?{_fixed(part, one)})" for part in inner) + f".*{_fixed(last, one)}"
    return re.compile(found, re.DOTALL)


def _fixed(text: str, one: str) -> str:
    return one.join(re.escape(part) for part in text.split("?"))


def matches(pattern: str, name: str) -> bool:
    """Whether the pattern names it; both in the same case."""
    start, star, rest = pattern.partition("*")
    if "?" in pattern or rest:
        return _compiled(pattern, ".").fullmatch(name) is not None
    return name.startswith(start) if star else name == pattern


def covers(pattern: str, other: str) -> bool:
    """Whether the pattern names all that the other pattern names."""
    if pattern in ("*", other):
        return True
    if "*" not in pattern and "?" not in pattern:
        return False
    # A star of the other's is covered by a star only.
    return _compiled(pattern, "[^*]").fullmatch(other) is not None


def any_covers(patterns: Iterable[str], other: str) -> bool:
    """Whether one of them names all that the other names."""
    return any(covers(pattern, other) for pattern in patterns)


def any_matches(patterns: Iterable[str], name: str) -> bool:
    """Whether one of them names it."""
    return any(matches(pattern, name) for pattern in patterns)


class Names:
    """Many patterns of actions, by their service."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._by_service: dict[str, list[str]] = {}
        self._of_any: list[str] = []
        for pattern in patterns:
            service, colon, _ = pattern.partition(":")
            if colon and "*" not in service and "?" not in service:
                self._by_service.setdefault(service, []).append(pattern)
            else:
                self._of_any.append(pattern)

    def __contains__(self, action: str) -> bool:
        """Whether one of them names the action, which is in small letters."""
        return any_matches(self._of_any, action) or any_matches(
            self._by_service.get(action.partition(":")[0], ()), action
        )


def witness(pattern: str, service: str = "") -> str | None:
    """An action of that pattern (and of that service) that no other pattern means by name."""
    if not service:
        return pattern.replace("*", _WITNESS).replace("?", "z")
    prefix, colon, name = pattern.partition(":")
    if not matches(prefix, service):
        return None
    return f"{service}:{witness(name) if colon else _WITNESS}"


def is_everything(resource: str) -> bool:
    """Whether the pattern is of all resources."""
    return bool(resource) and not resource.strip("*")


def is_any_of_kind(resource: str) -> bool:
    """Whether it is all of a kind: `*`, or an ARN such as arn:aws:iam::123456789012:role/*."""
    if is_everything(resource):
        return True
    parts = resource.split(":", 5)
    if len(parts) < 6:
        return resource.startswith("arn:") and resource.endswith("*")
    _, _, name = parts[5].rpartition(":") if "/" not in parts[5] else parts[5].partition("/")
    return is_everything(name)

"""A resource as collectors hand it on, and its canonical form.

The survey's rules: what a list's order means is declared path by path; what changes by itself is
not the configuration; a secret is known by a keyed hash only; what could not be read is unknown,
and neither empty nor gone.
"""

import base64
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from math import isfinite
from types import NoneType
from typing import Any

import msgspec
from msgspec import Struct

from opsportal.lib.aws.errors import Unknown
from opsportal.lib.fields import clean
from security.policies.canonical import canonical_policy

# What a change of the configuration is worth being told of.
SECURITY, OPERATIONAL, COSMETIC = "security", "operational", "cosmetic"
CLASSES = (SECURITY, OPERATIONAL, COSMETIC)
# Values that are what they are, beside texts.
_PLAIN = frozenset({NoneType, bool, int})
# In a path: any name, or any element of a list.
ANY = "*"


class Same(Struct, frozen=True):
    """In place of a facet that was not read again, since it must be as it was."""


SAME = Same()


class Found(Struct, frozen=True, kw_only=True):
    """One resource, as it was read just now.

    The names at the top of `config` are its facets: a value, None where AWS says that there is
    none, or `Unknown`.
    """

    resource_id: str
    config: dict[str, Any]
    arn: str = ""
    name: str = ""
    # The id that policies show in place of an ARN, such as AROA...
    unique_id: str = ""
    tags: Mapping[str, str] = {}
    # Unless another: the scope's.
    region: str | None = None
    # Facets that cost calls of their own, asked for where those in `depends` are not as they were.
    # Raises Gone.
    more: Callable[[], Mapping[str, Any]] | None = None
    depends: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shape:
    """What the parts of a technology's configuration mean, by paths such as `rules.*.peers`."""

    # Lists whose order means nothing; all others keep theirs and are said so in `sequences`.
    sets: tuple[str, ...] = ()
    sequences: tuple[str, ...] = ()
    # What changes by itself.
    ephemeral: tuple[str, ...] = ()
    # Texts of which a keyed hash is kept.
    secrets: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    # What does not bear on security, and what bears on nothing but the eye.
    operational: tuple[str, ...] = ("tags",)
    cosmetic: tuple[str, ...] = ()
    # Of a set of tables: the names by which one of its elements is recognised in a diff.
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Raised whenever the same resource gets another canonical form.
    version: int = 1

    @cached_property
    def tree(self) -> "Node":
        """The paths as one tree."""
        root = Node()
        for mark in ("sets", "sequences", "ephemeral", "secrets", "policies"):
            for path in getattr(self, mark):
                root.reach(path).marks.add(mark)
        return root

    def change_class(self, path: str) -> str:
        """What a change there is worth."""
        if any(_within(path, pattern) for pattern in self.cosmetic):
            return COSMETIC
        return OPERATIONAL if any(_within(path, way) for way in self.operational) else SECURITY


@dataclass
class Node:
    """One step of the paths."""

    children: dict[str, "Node"] = field(default_factory=dict)
    marks: set[str] = field(default_factory=set)

    def reach(self, path: str) -> "Node":
        """The node at that path, made where there is none."""
        node = self
        for name in path.split("."):
            node = node.children.setdefault(name, Node())
        return node

    def child(self, name: str) -> "Node":
        """The node of that name, or of any."""
        return self.children.get(name) or self.children.get(ANY) or NOTHING


NOTHING = Node()


class Settled(Struct, frozen=True):
    """A configuration in canonical form."""

    config: dict[str, Any]
    unknown: dict[str, dict[str, str]]
    complete_hash: str
    durable_hash: str
    # Lists that no path declares: kept in order, and somebody should say what they are.
    undeclared: frozenset[str] = frozenset()


def settle(
    config: Mapping[str, Any],
    shape: Shape,
    *,
    secret: bytes | None,
    before: Mapping[str, Any] | None = None,
    principals: Mapping[str, str] | None = None,
) -> Settled:
    """The canonical form and its hashes.

    Facets that are unknown, or the same, are taken from `before`, the configuration as it is known
    so far. `secret` keys the hashes of secrets; None: they are hashes already.
    """
    unknown = {name: value for name, value in config.items() if isinstance(value, Unknown)}
    kept = [name for name, value in config.items() if isinstance(value, (Unknown, Same))]
    known = {name: value for name, value in config.items() if name not in kept}
    work = _Work(secret, principals or {})
    settled = work.table(known, shape.tree, "")
    for name in kept:
        if before is not None and name in before:
            settled[name] = before[name]
    complete = digest(settled)
    durable = digest(without(settled, shape.tree)) if shape.ephemeral else complete
    return Settled(
        settled,
        {name: {"code": v.code, "message": v.message, "action": v.action}
         for name, v in unknown.items()},
        complete,
        durable,
        frozenset(work.undeclared),
    )  # fmt: skip


# JSON with sorted names and no space.
encode = msgspec.json.Encoder(order="sorted").encode


def digest(value: Any) -> str:
    """SHA-256 of the JSON, in hex."""
    return sha256(encode(value)).hexdigest()


def without(value: Any, node: Node) -> Any:
    """The value without what is ephemeral."""
    if not node.children:
        return value
    if isinstance(value, dict):
        return {
            name: without(inner, child)
            for name, inner in value.items()
            if "ephemeral" not in (child := node.child(name)).marks
        }
    if isinstance(value, list):
        child = node.child(ANY)
        return [without(inner, child) for inner in value]
    return value


class _Work:
    def __init__(self, secret: bytes | None, principals: Mapping[str, str]) -> None:
        self._secret, self._principals = secret, principals
        self.undeclared: set[str] = set()

    def table(self, value: Mapping[Any, Any], node: Node, path: str) -> dict[str, Any]:
        """Where time goes: plain leaves take no detour."""
        found: dict[str, Any] = {}
        children = node.children
        for given, inner in value.items():
            name = clean(given) if type(given) is str else clean(str(given))
            child = node.child(name) if children else NOTHING
            kind = type(inner)
            if kind is str and not child.marks:
                found[name] = inner if inner.isascii() and "\0" not in inner else clean(inner)
            elif kind in _PLAIN and not child.marks:
                found[name] = inner
            else:
                found[name] = self.value(inner, child, f"{path}.{name}" if path else name)
        return found

    def value(self, value: Any, node: Node, path: str) -> Any:
        """Whatever it is, in its canonical form."""
        if node.marks:
            if "policies" in node.marks:
                value, node = canonical_policy(value, self._principals), POLICY
            elif "secrets" in node.marks and value not in (None, ""):
                return self._hidden(value)
        if isinstance(value, Mapping):
            return self.table(value, node, path)
        if isinstance(value, (list, tuple)):
            return self._list(value, node, path)
        return _leaf(value)

    def _list(self, values: Sequence[Any], node: Node, path: str) -> list[Any]:
        child = node.child(ANY)
        found = [self.value(inner, child, path) for inner in values]
        if "sets" in node.marks:
            found.sort(key=encode)
        elif "sequences" not in node.marks and found:
            self.undeclared.add(path)
        return found

    def _hidden(self, value: Any) -> Any:
        if self._secret is None:
            return value
        if isinstance(value, Mapping):
            return {str(name): self._hidden(inner) for name, inner in value.items()}
        text = value.encode() if isinstance(value, str) else encode(value)
        return f"hmac-sha256:{hmac.new(self._secret, text, sha256).hexdigest()[:8]}"


def _leaf(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return _rare(value)


def _rare(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, (set, frozenset)):
        return sorted(clean(str(inner)) for inner in value)
    return clean(str(value))


def _within(path: str, pattern: str) -> bool:
    """Whether the path is, or lies below, what the pattern names."""
    steps, wanted = path.split("."), pattern.split(".")
    return len(steps) >= len(wanted) and all(
        want in (ANY, step) for step, want in zip(steps, wanted, strict=False)
    )


def _policy_node() -> Node:
    """Documents are sorted by `canonical_policy`; their lists are sequences from then on."""
    node = Node(marks={"sequences"})
    node.children[ANY] = node
    return node


POLICY = _policy_node()

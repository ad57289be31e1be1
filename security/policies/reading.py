"""A statement in canonical form, read strictly: what has no known form is not guessed at."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

_KINDS = ("AWS", "Service", "Federated", "CanonicalUser")
_NAMES = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource",
     "Condition"}
)  # fmt: skip

# For whom nothing is to be checked.
_NOBODY: Mapping[str, list[str]] = {"AWS": ["nobody"]}

Principals = Mapping[str, tuple[str, ...]]


class Statement(Struct, frozen=True):
    """A statement; what it does not have is empty."""

    row: Mapping[str, Any]
    allows: bool
    principals: Principals
    not_principals: Principals
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    not_resources: tuple[str, ...]
    # Operator -> key in small letters -> values.
    condition: Mapping[str, Mapping[str, list[str]]]


def read_statement(row: Any, *, resource_policy: bool = False) -> Statement | str:
    """The statement, or why it cannot be read. A resource's policy says for whom it is."""
    if not isinstance(row, Mapping):
        return "a statement is not an object"
    problem = (
        _problem_of_elements(row, resource_policy)
        or _problem_of_principals(row.get("Principal", row.get("NotPrincipal", _NOBODY)))
        or _problem_of_condition(row.get("Condition", {}))
    )
    if problem:
        return problem
    return Statement(
        row,
        row["Effect"] == "Allow",
        _principals(row.get("Principal", {})),
        _principals(row.get("NotPrincipal", {})),
        tuple(row.get("Action", ())),
        tuple(row.get("NotAction", ())),
        tuple(row.get("Resource", ())),
        tuple(row.get("NotResource", ())),
        row.get("Condition", {}),
    )


def _principals(value: Mapping[str, list[str]]) -> Principals:
    return {kind: tuple(names) for kind, names in value.items()}


def _problem_of_elements(row: Mapping[str, Any], resource_policy: bool) -> str:
    if strange := sorted(str(name) for name in row.keys() - _NAMES):
        return f"a statement has {strange[0]!r}, which is no element of a policy"
    if row.get("Effect") not in ("Allow", "Deny"):
        return "a statement neither allows nor denies"
    if ("Action" in row) == ("NotAction" in row):
        return "a statement must have one of Action and NotAction"
    if "Resource" in row and "NotResource" in row:
        return "a statement has both Resource and NotResource"
    if resource_policy and ("Principal" in row) == ("NotPrincipal" in row):
        return "a statement must have one of Principal and NotPrincipal"
    names = [name for name in ("Action", "NotAction", "Resource", "NotResource") if name in row]
    return "".join([f"a statement has no {name}" for name in names if not row[name]][:1])


def _problem_of_principals(value: Any) -> str:
    if not isinstance(value, Mapping) or not value or not all(value.values()):
        return "a statement's principal is not one"
    strange = [kind for kind in value if kind not in _KINDS]
    return f"{strange[0]!r} is no kind of principal" if strange else ""


def _problem_of_condition(value: Any) -> str:
    if not isinstance(value, Mapping) or not all(
        isinstance(block, Mapping) and all(isinstance(names, list) for names in block.values())
        for block in value.values()
    ):
        return "a statement's condition is not one"
    return ""

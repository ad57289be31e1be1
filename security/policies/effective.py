"""EFF(principal): what a role, user or group may do by its policies, less denials, within its
boundary.

Only what is allowed on everything counts, or on everything of a kind: rights on single resources
are not the question here. A denial takes off only what it denies always and everywhere.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any

from security.policies.actions import any_matches, is_everything, witness
from security.policies.canonical import MALFORMED, canonical_policy
from security.policies.reading import Statement, read_statement

Wide = Callable[[str], bool]

# Conditions that leave only some resources or policies: such a statement is not "on everything".
_LIMITS = ("iam:permissionsboundary", "iam:policyarn", "aws:resourcetag/", "iam:resourcetag/")


class Policy:
    """The statements of some documents taken together."""

    def __init__(self, documents: Iterable[Any]) -> None:
        self.allowed: list[Statement] = []
        self.denied: list[Statement] = []
        # Why some of it cannot be read.
        self.problems: list[str] = []
        for document in documents:
            self._take(canonical_policy(document))

    def _take(self, document: Any) -> None:
        if document is None:
            return
        if MALFORMED in document:
            self.problems.append("a document is not a policy")
            return
        for row in document["Statement"]:
            found = read_statement(row)
            if isinstance(found, str):
                self.problems.append(found)
            else:
                (self.allowed if found.allows else self.denied).append(found)

    def allows(self, action: str, wide: Wide = is_everything) -> bool:
        """Whether the action is allowed on so much, and not denied."""
        action = action.lower()
        return any(
            _names(row, action) and _is_wide(row, wide) and not _is_limited(row)
            for row in self.allowed
        ) and not any(_denies(row, action) for row in self.denied)

    @cached_property
    def patterns(self) -> frozenset[str]:
        """All patterns of actions that are written somewhere in it."""
        rows = [*self.allowed, *self.denied]
        return frozenset(word for row in rows for word in (*row.actions, *row.not_actions))


class Effective:
    """What the policies allow within the boundary (None: there is none)."""

    def __init__(self, policies: Iterable[Any], boundary: Any = None) -> None:
        self.granted = Policy(policies)
        self.boundary = None if boundary is None else Policy([boundary])

    @property
    def problems(self) -> list[str]:
        """Why some of it cannot be read."""
        return self.granted.problems + (self.boundary.problems if self.boundary else [])

    def allows(self, action: str, wide: Wide = is_everything) -> bool:
        """Whether the action is allowed on all resources, or on so many as `wide` says."""
        return self.granted.allows(action, wide) and (
            self.boundary is None or self.boundary.allows(action, wide)
        )

    def allows_all(self, service: str = "") -> bool:
        """Whether all actions (of the service) are allowed on all resources."""
        return all(self.allows(action) for action in self._witnesses(service.lower()))

    def _witnesses(self, service: str) -> Iterator[str]:
        """An action of each pattern that is written somewhere, and one that none names."""
        yield f"{service or 'zq'}:zq"
        patterns = self.granted.patterns | (self.boundary.patterns if self.boundary else set())
        for pattern in patterns:
            if found := witness(pattern, service):
                yield found


def _names(row: Statement, action: str) -> bool:
    if row.not_actions:
        return not any_matches(row.not_actions, action)
    return any_matches(row.actions, action)


def _is_wide(row: Statement, wide: Wide) -> bool:
    """What leaves out some resources only is still wide."""
    return bool(row.not_resources) or any(wide(found) for found in row.resources)


def _is_limited(row: Statement) -> bool:
    return any(
        key.startswith(_LIMITS) and not operator.lower().startswith(("null", "forallvalues"))
        for operator, block in row.condition.items()
        for key in block
    )


def _denies(row: Statement, action: str) -> bool:
    return (
        not row.condition
        and _names(row, action)
        and any(is_everything(found) for found in row.resources)
    )

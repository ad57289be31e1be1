"""EFF(principal): what a role, user or group may do by its policies, less denials, within its
boundary.

Only what is allowed on everything counts, or on everything of a kind: rights on single resources
are not the question here. A denial takes off only what it denies always and everywhere.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

import msgspec

from security.policies.actions import Names, any_matches, is_everything, witness
from security.policies.canonical import MALFORMED, canonical_policy
from security.policies.reading import Statement, read_statement

Wide = Callable[[str], bool]

# Conditions that leave only some resources or policies: such a statement is not "on everything".
_LIMITS = ("iam:permissionsboundary", "iam:policyarn", "aws:resourcetag/", "iam:resourcetag/")
# Operators that are true of what is not there, or of all but what is named.
_NO_LIMIT = re.compile("null|forallvalues:|ifexists|not")


class Rule:
    """A statement and which actions it is of."""

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        self._actions = Names(statement.actions)
        self._but = Names(statement.not_actions)
        keys = {
            key: values
            for operator, block in statement.condition.items()
            if not _NO_LIMIT.search(operator.lower())
            for key, values in block.items()
        }
        self._limited = any(key.startswith(_LIMITS) for key in keys)
        # To which services a role may be passed; None: to any.
        self._passed_to = keys.get("iam:passedtoservice")

    def names(self, action: str) -> bool:
        """Whether it is of that action."""
        if self.statement.not_actions:
            return action not in self._but
        return action in self._actions

    def is_wide(self, wide: Wide) -> bool:
        """Whether it is of so many resources; what leaves out only some is of all."""
        if self._limited:
            return False
        return bool(self.statement.not_resources) or any(map(wide, self.statement.resources))

    def passes_to(self, service: str) -> bool:
        """Whether it lets a role be passed to that service (empty: to any)."""
        if self._passed_to is None:
            return True
        return bool(service) and any_matches(self._passed_to, service)

    @property
    def denies_always(self) -> bool:
        """Whether nothing but the action decides."""
        return not self.statement.condition and any(map(is_everything, self.statement.resources))


class Policy:
    """One document, read."""

    def __init__(self, document: Any) -> None:
        self.allowed: list[Rule] = []
        self.denied: list[Rule] = []
        # Why some of it cannot be read.
        self.problems: list[str] = []
        if document is None or MALFORMED in document:
            self.problems.append("a document is not a policy")
            return
        for row in document["Statement"]:
            found = read_statement(row)
            if isinstance(found, str):
                self.problems.append(found)
            else:
                (self.allowed if found.allows else self.denied).append(Rule(found))
        rows = [rule.statement for rule in (*self.allowed, *self.denied)]
        self.patterns = frozenset(word for row in rows for word in (*row.actions, *row.not_actions))

    patterns: frozenset[str] = frozenset()


def read_policy(document: Any) -> Policy:
    """The document, read; the same many times over costs little."""
    try:
        written = msgspec.json.encode(document)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return Policy(canonical_policy(document))
    return _read(written)


@lru_cache(maxsize=512)
def _read(document: bytes) -> Policy:
    return Policy(canonical_policy(msgspec.json.decode(document)))


class Effective:
    """What the policies allow within the boundary (None: there is none)."""

    def __init__(self, policies: Iterable[Any], boundary: Any = None) -> None:
        self._sides = [[read_policy(document) for document in policies]]
        if boundary is not None:
            self._sides.append([read_policy(boundary)])

    @property
    def problems(self) -> list[str]:
        """Why some of it cannot be read."""
        return [why for side in self._sides for policy in side for why in policy.problems]

    def allows(
        self, action: str, wide: Wide = is_everything, *, passed_to: str | None = None
    ) -> bool:
        """Whether the action is allowed on all resources, or on so many as `wide` says.

        `passed_to`, of iam:PassRole: to that service, or where it is empty to all of them.
        """
        return all(_allows(side, action.lower(), wide, passed_to) for side in self._sides)

    def allows_all(self, service: str = "") -> bool:
        """Whether all actions (of the service) are allowed on all resources."""
        return all(self.allows(action) for action in self._witnesses(service.lower()))

    def _witnesses(self, service: str) -> Iterator[str]:
        """One that nobody names, and one of each pattern that is written somewhere."""
        yield f"{service or 'zq'}:zq"
        patterns = {word for side in self._sides for policy in side for word in policy.patterns}
        for pattern in patterns:
            if found := witness(pattern, service):
                yield found


def _allows(policies: list[Policy], action: str, wide: Wide, passed_to: str | None) -> bool:
    return any(
        rule.names(action)
        and rule.is_wide(wide)
        and (passed_to is None or rule.passes_to(passed_to))
        for policy in policies
        for rule in policy.allowed
    ) and not any(
        rule.denies_always and rule.names(action) for policy in policies for rule in policy.denied
    )

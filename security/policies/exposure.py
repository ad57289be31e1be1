"""Whom the policy of a resource, or of a role's trust, lets in.

Explicit denials are taken off. What cannot be read is said so, and never passes for closed.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct, structs

from security.policies.actions import any_covers, any_matches
from security.policies.canonical import MALFORMED, canonical_policy
from security.policies.conditions import Left, Trust, left_by, left_by_denial
from security.policies.reading import Statement, read_statement
from security.policies.trust import DANGLING, PUBLIC, SAME, SERVICE, account_of, least, most

# AWS's own limit of such a policy is 20 kB. Denials beyond these take nothing off.
_MOST_DENIALS = 200


class Grant(Struct, frozen=True, kw_only=True):
    """Somebody whom a statement lets in."""

    # As it is written: "*", an ARN, a service, an id.
    principal: str
    kind: str  # AWS, Service, Federated or CanonicalUser
    # What those who remain are, after conditions and denials.
    trust: str
    # Patterns, in small letters. Of a NotAction: "*", and `but` what is left out.
    actions: tuple[str, ...]
    but: tuple[str, ...] = ()
    # Of a NotResource: "*". None: a trust policy.
    resources: tuple[str, ...] = ()
    # Its Sid, or else a digest.
    statement: str
    condition: Mapping[str, Any] = {}
    # The conditions (of this statement or of a denial) that say who it is: (key, values).
    narrowed_by: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def public(self) -> bool:
        """Whether anybody at all is let in."""
        return self.trust == PUBLIC


class Unreadable(Struct, frozen=True):
    """A policy, or a statement of it, of which nobody can say whom it lets in."""

    reason: str
    statement: str = ""


def grants(policy: Any, *, trust: Trust, account_id: str = "") -> list[Grant | Unreadable]:
    """Everybody whom the policy lets in; nothing where there is no policy.

    `trust` says what a principal is to the account that owns the policy (`World.trust`).
    """
    document = canonical_policy(policy)
    if document is None:
        return []
    if MALFORMED in document:
        return [Unreadable("the document is not a policy")]
    found: list[Grant | Unreadable] = []
    allowed: list[Statement] = []
    denied: list[Statement] = []
    for row in document["Statement"]:
        statement = read_statement(row, resource_policy=True)
        if isinstance(statement, str):
            found.append(Unreadable(statement, statement_name(row)))
        else:
            (allowed if statement.allows else denied).append(statement)
    ask = _Asker(trust, account_id)
    denials = [_Denial(row, ask) for row in denied[:_MOST_DENIALS]]
    for statement in allowed:
        for grant in _let_in(statement, ask):
            root = _root_of(grant.principal)
            found += _without(grant, [one for one in denials if one.hits(grant.principal, root)])
    return found


def statement_name(row: Any) -> str:
    """The Sid of a statement in canonical form, or else a digest of it."""
    if isinstance(row, Mapping) and isinstance(sid := row.get("Sid"), str) and sid:
        return sid
    return sha256(msgspec.json.encode(row, order="sorted")).hexdigest()[:12]


class _Asker:
    """What a principal is, of whatever kind."""

    def __init__(self, trust: Trust, account_id: str) -> None:
        self._trust, self._account_id = trust, account_id

    def __call__(self, principal: str) -> str:
        owner = account_of(principal) if principal.startswith("arn:") else principal
        return SAME if owner and owner == self._account_id else self._trust(principal)

    def of_kind(self, kind: str, principal: str) -> str:
        if kind == "Service":
            return SERVICE
        return PUBLIC if principal == "*" else self(principal)


def _let_in(statement: Statement, ask: _Asker) -> Iterator[Grant]:
    left, name = left_by(statement.condition, ask), statement_name(statement.row)
    who = statement.principals
    # Everybody but those who are named: nobody should write it, and it is everybody.
    if statement.not_principals:
        who = {"AWS": ("*",)}
    for kind, names in who.items():
        for principal in names:
            found = ask.of_kind(kind, principal)
            yield Grant(
                principal=principal,
                kind=kind,
                trust=_narrowed(found, left),
                actions=("*",) if statement.not_actions else statement.actions,
                but=statement.not_actions,
                resources=("*",) if statement.not_resources else statement.resources,
                statement=name,
                condition=statement.condition,
                narrowed_by=left.by,
            )


def _narrowed(trust: str, left: Left) -> str:
    """Somebody who is no more, and a service, stay what they are."""
    return trust if trust in (DANGLING, SERVICE) else most((trust, left.trust))


def _root_of(principal: str) -> str:
    """The account of an ARN as a principal; empty: none."""
    parts = principal.split(":", 5)
    return f"arn:{parts[1]}:iam::{parts[4]}:root" if len(parts) == 6 else ""


class _Denial:
    """A statement that denies, and whom it leaves."""

    def __init__(self, statement: Statement, ask: _Asker) -> None:
        self._statement = statement
        # None: nobody.
        self._left = left_by_denial(statement.condition, ask) if statement.condition else None
        excepted = [
            (name, ask.of_kind(kind, name))
            for kind, names in statement.not_principals.items()
            for name in names
        ]
        self._excepted = frozenset(name for name, _ in excepted)
        self._spared = least(found for _, found in excepted) if excepted else None
        names = {name for found in statement.principals.values() for name in found}
        self._names = None if "*" in names or excepted else frozenset(names)

    def leaves(self, principal: str) -> Left | None:
        """Of those whom the principal names; None: nobody. PUBLIC: it takes nothing off."""
        if self._spared is None:
            return self._left
        if principal in self._excepted:
            return Left()
        if principal != "*":
            return self._left
        by = (("notprincipal", tuple(sorted(self._excepted))),)
        if self._left is None:
            return Left(self._spared, by)
        return Left(least((self._spared, self._left.trust)), by + self._left.by)

    def hits(self, principal: str, root: str) -> bool:
        """Whether it is for that principal; who is denied as an account is with all in it."""
        return self._names is None or principal in self._names or root in self._names

    def covers_action(self, action: str, but: Sequence[str]) -> bool:
        """Whether it denies all that the pattern means."""
        if self._statement.not_actions:
            return "*" not in action and not any_matches(self._statement.not_actions, action)
        return any_covers(self._statement.actions, action) and (action == "*" or not but)

    def covers_resources(self, resources: Sequence[str]) -> bool:
        """Whether it denies them all."""
        if without := self._statement.not_resources:
            return all(
                "*" not in found and "?" not in found and not any_matches(without, found)
                for found in resources
            )
        mine = self._statement.resources
        return not mine or all(any_covers(mine, found) for found in resources)


def _without(grant: Grant, denials: Sequence[_Denial]) -> Iterator[Grant]:
    """What remains of the grant; where a denial is of some of its actions only, in two parts."""
    for number, denial in enumerate(denials):
        left = denial.leaves(grant.principal)
        if (left is not None and left.trust == PUBLIC) or not denial.covers_resources(
            grant.resources
        ):
            continue
        hit = tuple(one for one in grant.actions if denial.covers_action(one, grant.but))
        if not hit:
            continue
        spared = tuple(one for one in grant.actions if one not in hit)
        if spared:
            yield from _without(structs.replace(grant, actions=spared), denials[number + 1 :])
        if left is None:
            return
        grant = structs.replace(
            grant,
            actions=hit,
            trust=_narrowed(grant.trust, left),
            narrowed_by=tuple(sorted({*grant.narrowed_by, *left.by})),
        )
    yield grant

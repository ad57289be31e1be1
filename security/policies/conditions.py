"""Whom the conditions of a statement leave: keys are ANDed, the values of a key are ORed.

Operators and keys: "IAM JSON policy elements: Condition operators" and "AWS global condition
context keys" in the IAM user guide. A value with a wildcard where it should name somebody names
nobody, whatever the operator, as in S3's own meaning of "public".
"""

import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct

from security.policies.trust import (
    DANGLING,
    FRIENDLY,
    NETWORK,
    PUBLIC,
    SAME,
    SERVICE,
    UNKNOWN,
    account_of,
    least,
    most,
)

Trust = Callable[[str], str]

_POSITIVE = frozenset(
    {"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress",
     "bool"}
)  # fmt: skip
_NEGATED = frozenset(
    {"stringnotequals", "stringnotequalsignorecase", "stringnotlike", "arnnotequals", "arnnotlike",
     "notipaddress"}
)  # fmt: skip
_ACCOUNT_KEYS = frozenset(
    {"aws:sourceaccount", "aws:sourceowner", "aws:principalaccount", "kms:calleraccount",
     "s3:dataaccesspointaccount"}
)  # fmt: skip
_ORGANISATION_KEYS = frozenset(
    {"aws:principalorgid", "aws:principalorgpaths", "aws:sourceorgid", "aws:sourceorgpaths"}
)
_ARN_KEYS = frozenset({"aws:principalarn", "aws:sourcearn", "s3:dataaccesspointarn"})
_NETWORK_KEYS = frozenset(
    {"aws:sourcevpc", "aws:sourcevpce", "aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths"}
)
_SERVICE_KEYS = frozenset({"aws:principalservicename", "aws:principalservicenameslist"})
# Keys that are true or false, and whom "true" leaves.
_FLAGS = {
    "aws:principalisawsservice": SERVICE,
    "elasticfilesystem:accessedviamounttarget": NETWORK,
}
# Variables that mean the resource's own account or organisation.
_OWN = {
    "${aws:resourceaccount}": SAME,
    "${aws:resourceorgid}": FRIENDLY,
    "${aws:resourceorgpaths}": FRIENDLY,
}
# Half of the addresses of IPv4, and half of 2000::/3, are the world.
_HALF = {4: 1 << 31, 6: 1 << 124}


class Left(Struct, frozen=True):
    """Whom conditions leave: PUBLIC where they narrow nothing; and by which keys and values."""

    trust: str = PUBLIC
    by: tuple[tuple[str, tuple[str, ...]], ...] = ()


def left_by(condition: Mapping[str, Any], trust: Trust) -> Left:
    """Whom an Allow with that condition lets in, of everybody."""
    found = [
        (_left_by_key(key, values, trust), key, values) for key, values in _required(condition)
    ]
    by = sorted((key, values) for one, key, values in found if one != PUBLIC)
    return Left(most(one for one, _, _ in found), tuple(by)) if by else Left()


def narrowing_values(condition: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """The values one of which the key must have; none: it need not. Of several sets the least."""
    found = [values for name, values in _required(condition) if name == key]
    return min(found, key=lambda values: any("*" in value for value in values), default=())


def _required(condition: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Keys that must be there, with a value out of these."""
    there = {
        key for operator, key, values in _tests(condition)
        if operator == "null" and values == ("false",)
    }  # fmt: skip
    for operator, key, values in _tests(condition):
        base, of_all, if_exists = _parsed(operator)
        if base in _POSITIVE and (key in there or not (of_all or if_exists)):
            yield key, values


def left_by_denial(condition: Mapping[str, Any], trust: Trust) -> Left:
    """Whom a Deny with that condition does not hit, of everybody: those who fail one of its tests.

    A condition that is negated is true where its key is missing, so that only those remain whom it
    names.
    """
    classes: list[str] = []
    by: list[tuple[str, tuple[str, ...]]] = []
    for operator, key, values in _tests(condition):
        base, _, _ = _parsed(operator)
        if base in _NEGATED and not operator.startswith("foranyvalue:"):
            classes.append(_left_by_key(key, values, trust))
        elif base == "bool" and values == ("false",):
            classes.append(_FLAGS.get(key, PUBLIC))
        else:
            classes.append(PUBLIC)
        by.append((key, values))
    worst = least(classes) if classes else PUBLIC
    return Left(worst, tuple(sorted(by))) if worst != PUBLIC else Left()


def _tests(condition: Mapping[str, Any]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Operator in small letters, key, values."""
    for operator, block in condition.items():
        for key, values in block.items():
            yield operator.lower(), key, tuple(values)


def _parsed(operator: str) -> tuple[str, bool, bool]:
    """The operator itself, whether it is one of ForAllValues, and whether of IfExists."""
    kind, colon, base = operator.rpartition(":")
    return (
        base.removesuffix("ifexists"),
        bool(colon) and kind == "forallvalues",
        base.endswith("ifexists"),
    )


def _left_by_key(key: str, values: Sequence[str], trust: Trust) -> str:
    if not values:
        return PUBLIC
    if key == "aws:sourceip":
        return PUBLIC if _is_world(tuple(values)) else NETWORK
    return least(_left_by_value(key, value, trust) for value in values)


def _left_by_value(key: str, value: str, trust: Trust) -> str:
    if key in _FLAGS:
        return _FLAGS[key] if value.lower() == "true" else PUBLIC
    if own := _OWN.get(value.lower()):
        return own if key in _ACCOUNT_KEYS | _ORGANISATION_KEYS else PUBLIC
    if key in _ARN_KEYS:
        return _left_by_arn(key, value, trust)
    if key == "aws:userid":
        return _left_by_user(value, trust)
    named = value.partition("/")[0] if key.endswith("paths") else value
    if not named or any(sign in named for sign in "*?$"):
        return PUBLIC
    if key in _ACCOUNT_KEYS or key in _ORGANISATION_KEYS:
        return trust(named)
    if key in _NETWORK_KEYS:
        return NETWORK
    return SERVICE if key in _SERVICE_KEYS else PUBLIC


def _left_by_arn(key: str, value: str, trust: Trust) -> str:
    """By the account in it. Names of buckets are unique among all accounts."""
    if not value.startswith("arn:"):
        return PUBLIC
    parts = value.split(":", 5)
    if len(parts) == 6 and parts[2] == "s3" and key == "aws:sourcearn":
        bucket = parts[5].partition("/")[0]
        if bucket and not any(sign in bucket for sign in "*?$"):
            return SERVICE
    owner = account_of(value)
    return PUBLIC if not owner or any(sign in owner for sign in "*?$") else trust(value)


def _left_by_user(value: str, trust: Trust) -> str:
    """A unique id, with the name of a session after a colon; or an account's number."""
    named = value.partition(":")[0]
    if not named or any(sign in named for sign in "*?$"):
        return PUBLIC
    found = trust(named)
    # AWS puts no ids here itself: one that is not known may be anybody's.
    return UNKNOWN if found == DANGLING else found


@lru_cache(maxsize=1024)
def _is_world(values: tuple[str, ...]) -> bool:
    """Whether the networks together are the world, or one is no network."""
    v4: list[ipaddress.IPv4Network] = []
    v6: list[ipaddress.IPv6Network] = []
    for value in values:
        try:
            network = ipaddress.ip_network(value, strict=False)
        except ValueError:
            return True
        if isinstance(network, ipaddress.IPv4Network):
            v4.append(network)
        else:
            v6.append(network)
    return (
        sum(found.num_addresses for found in ipaddress.collapse_addresses(v4)) >= _HALF[4]
        or sum(found.num_addresses for found in ipaddress.collapse_addresses(v6)) >= _HALF[6]
    )

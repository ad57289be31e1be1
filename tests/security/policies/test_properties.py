"""What holds of all policies."""

import json
import random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from security.policies.actions import covers, matches, witness
from security.policies.canonical import canonical_policy
from security.policies.effective import Effective
from security.policies.exposure import grants
from security.policies.trust import Accounts

SOME = settings(deadline=None, max_examples=60)

services = st.sampled_from(["s3", "iam", "kms"])
words = st.sampled_from(["*", "Get*", "Put*", "GetObject", "PassRole", "?etObject", "*Object"])
actions = st.one_of(
    st.just("*"), st.builds("{}:{}".format, services, words), st.builds("*:{}".format, words)
)
resources = st.sampled_from(["*", "arn:aws:s3:::b", "arn:aws:s3:::b/*", "arn:aws:iam::1:role/*"])
principals = st.sampled_from(
    [
        "*",
        {"AWS": "*"},
        {"AWS": ["arn:aws:iam::111111111111:root", "222222222222"]},
        {"AWS": "AROAEXAMPLEID12345678"},
        {"Service": "sns.amazonaws.com"},
    ]
)
conditions = st.sampled_from(
    [
        {},
        {"StringEquals": {"aws:PrincipalOrgID": ["o-b", "o-a"]}},
        {"StringEqualsIfExists": {"AWS:SourceVpce": "vpce-1"}},
        {"StringNotEquals": {"aws:SourceAccount": ["1", "2"]}},
        {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "0.0.0.0/0"]}, "Bool": {"aws:x": True}},
    ]
)
lists = st.lists(actions, min_size=1, max_size=3)


@st.composite
def statements(draw, *, resource_policy=True, effect=None):
    row = {
        "Effect": effect or draw(st.sampled_from(["Allow", "Deny"])),
        draw(st.sampled_from(["Action", "Action", "NotAction"])): draw(lists),
        "Resource": draw(st.lists(resources, min_size=1, max_size=2)),
        "Condition": draw(conditions),
    }
    if resource_policy:
        row[draw(st.sampled_from(["Principal", "Principal", "NotPrincipal"]))] = draw(principals)
    return row


policies = st.builds(lambda rows: {"Statement": rows}, st.lists(statements(), max_size=4))
rights = st.builds(
    lambda rows: {"Statement": rows}, st.lists(statements(resource_policy=False), max_size=4)
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
names = st.sampled_from(["Sid", "Effect", "Principal", "Action", "Resource", "Condition", "x"])
nonsense = anything | st.builds(
    lambda rows: {"Statement": rows},
    anything | st.lists(st.dictionaries(names, anything | st.just("Allow"), max_size=5)),
)


def let_in(policy):
    return grants(policy, trust=lambda who: Accounts().trust(who, "111111111111"))


def written(policy):
    return sorted(msgspec.json.encode(grant, order="sorted") for grant in let_in(policy))


def shuffled(value, seed):
    """The same policy, written in another order."""
    dice = random.Random(seed)  # noqa: S311
    if isinstance(value, list):
        return dice.sample([shuffled(one, seed) for one in value], len(value))
    if isinstance(value, dict):
        pairs = list(value.items())
        return {name: shuffled(one, seed) for name, one in dice.sample(pairs, len(pairs))}
    return value


@SOME
@given(policies, st.integers(0, 9))
def test_the_canonical_form_is_its_own_and_knows_no_order(policy, seed):
    once = canonical_policy(policy)
    assert canonical_policy(once) == once
    assert canonical_policy(json.dumps(policy)) == once
    assert canonical_policy(shuffled(policy, seed)) == once


@SOME
@given(nonsense)
def test_nonsense_has_a_canonical_form_that_can_be_stored_and_is_its_own(document):
    once = canonical_policy(document)
    assert json.loads(json.dumps(once, allow_nan=False).encode()) == once
    assert canonical_policy(once) == once
    let_in(document)
    Effective([document], document).allows("s3:GetObject")


@SOME
@given(policies, st.integers(0, 9))
def test_who_is_let_in_does_not_depend_on_how_it_is_written(policy, seed):
    found = written(policy)
    assert written(canonical_policy(policy)) == found
    assert written(shuffled(policy, seed)) == found


@SOME
@given(policies)
def test_a_denial_of_everything_lets_nobody_in(policy):
    deny = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}
    assert let_in({"Statement": [*policy["Statement"], deny]}) == []


@SOME
@given(policies, statements(effect="Deny"))
def test_a_denial_never_lets_anybody_in(policy, denial):
    def public(one):
        return {grant.statement for grant in let_in(one) if grant.public}

    assert public({"Statement": [*policy["Statement"], denial]}) <= public(policy)


@SOME
@given(rights, rights, st.builds("{}:{}".format, services, st.sampled_from(["getobject", "x"])))
def test_a_boundary_never_widens_and_a_denial_of_everything_leaves_nothing(policy, bound, action):
    alone = Effective([policy])
    within = Effective([policy], bound)
    assert alone.allows(action) or not within.allows(action)
    assert alone.allows_all() or not within.allows_all()
    assert not alone.allows_all() or (alone.allows_all("iam") and alone.allows(action))
    deny = {"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    assert not Effective([policy, deny]).allows(action)


@SOME
@given(st.text("ab*?", max_size=6), st.text("ab*?", max_size=6), st.text("ab", max_size=6))
def test_a_pattern_that_covers_another_names_all_that_it_names(pattern, other, name):
    if covers(pattern, other) and matches(other, name):
        assert matches(pattern, name)
    assert matches(pattern, witness(pattern) or "")


def test_a_star_is_more_than_one_character():
    assert covers("s3:Get*", "s3:Get?")
    assert not covers("s3:Get?", "s3:Get*")


def test_many_stars_are_no_burden():
    assert not matches("a*" * 500 + "b", "a" * 5000)
    assert not covers("?*" * 500 + "b", "a" * 5000)

"""Differences are of elements and statements, and make the new of the old."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import convert, to_builtins

from security.collectors.ec2_security_groups import SecurityGroups
from security.diff import Op, apply, compare, lines_of, summary_of
from security.normalise import Shape, settle, without

SHAPE = SecurityGroups.shape
POLICY = Shape(policies=("policy",), sequences=("cors",))


def rule(peer: str, description: str = "", port: int = 22) -> dict[str, Any]:
    return {
        "direction": "in", "protocol": "tcp", "from": port, "to": port, "kind": "ipv4",
        "peer": peer, "description": description,
    }  # fmt: skip


def settled(config: dict[str, Any], shape: Shape = SHAPE) -> dict[str, Any]:
    return settle(config, shape, secret=b"x").config


def differences(old: dict[str, Any], new: dict[str, Any], shape: Shape = SHAPE) -> list[Op]:
    return compare(settled(old, shape), settled(new, shape), shape)


def told(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return [str(line) for line in lines_of(differences(old, new), SHAPE, SecurityGroups.words)]


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"policy": {"Version": "2012-10-17", "Statement": list(statements)}}


def told_of_policies(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return [str(line) for line in lines_of(differences(old, new, POLICY), POLICY)]


def test_rules_are_told_as_people_write_them():
    assert told({"rules": [rule("10.0.0.0/8")]}, {"rules": [rule("0.0.0.0/0", "temp")]}) == [
        "- in tcp 22 ipv4 10.0.0.0/8",
        '+ in tcp 22 ipv4 0.0.0.0/0 "temp"',
    ]


def test_a_description_is_edited_and_not_a_rule_exchanged():
    old, new = {"rules": [rule("10.0.0.0/8", "a")]}, {"rules": [rule("10.0.0.0/8", "b")]}
    (op,) = differences(old, new)
    assert (op.op, op.fields, op.change_class) == ("replace", ("description",), "cosmetic")
    assert told(old, new) == ['~ in tcp 22 ipv4 10.0.0.0/8: description "a" → "b"']


def test_several_fields_of_one_element_are_one_difference():
    shape = Shape(sets=("rows",), keys={"rows": ("id",)}, cosmetic=("rows.*.note",))
    old = {"rows": [{"id": 1, "port": 1, "note": "a"}]}
    new = {"rows": [{"id": 1, "port": 2, "note": "b"}]}
    (op,) = compare(old, new, shape)
    assert (op.fields, op.change_class) == (("note", "port"), "security")


def test_another_order_is_no_difference():
    rules = [rule("10.0.0.0/8"), rule("10.1.0.0/16"), rule("10.1.0.0/16")]
    assert differences({"rules": rules}, {"rules": rules[::-1]}) == []


def test_a_rule_more_of_the_same_is_a_difference():
    assert len(differences({"rules": [rule("::/0")]}, {"rules": [rule("::/0")] * 2})) == 1


def test_tags_with_dots_are_told_by_their_name():
    old, new = {"tags": {"a.b/c": "1"}}, {"tags": {"a.b/c": "2", "x~y": "3"}}
    assert told(old, new) == ['~ tags.a.b/c "1" → "2"', '+ tags.x~y "3"']
    assert {op.change_class for op in differences(old, new)} == {"operational"}


def test_statements_are_matched_by_their_sid():
    old = {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    new = {**old, "Action": ["s3:GetObject", "s3:PutObject"]}
    other = {"Sid": "X", "Effect": "Deny", "Action": "*", "Resource": "*"}
    assert told_of_policies(policy(old, other), policy(other, new)) == [
        '~ policy Allow "Read": + action s3:putobject'
    ]


def test_statements_without_sid_are_matched_by_likeness():
    old = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "s3:*"}
    new = {**old, "Principal": "*"}
    assert told_of_policies(policy(old), policy(new)) == [
        "~ policy Allow statement: - principal AWS arn:aws:iam::123456789012:root, "
        "+ principal AWS *"
    ]


def test_what_allows_is_not_taken_for_what_denies():
    old = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    lines = told_of_policies(policy(old), policy({**old, "Effect": "Deny"}))
    assert [line[0] for line in lines] == ["-", "+"]


def test_a_sid_alone_is_cosmetic():
    old = {"Sid": "A", "Effect": "Allow", "Action": "s3:*"}
    (op,) = differences(policy(old), policy({**old, "Sid": "B"}), POLICY)
    assert op.change_class == "cosmetic"


def test_a_policy_that_comes_or_goes_is_told_by_its_statements():
    allow = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
    none: dict[str, Any] = {"policy": None}
    said = "policy Allow statement action s3:getobject principal AWS * resource *"
    assert told_of_policies(none, policy(allow)) == [f"+ {said}"]
    assert told_of_policies(policy(allow), {}) == [f"- {said}"]
    assert told_of_policies(none, policy()) == ["+ policy without statements"]
    assert summary_of(differences(none, policy(allow), POLICY), POLICY) == f"+ {said}"


def test_tables_and_lists_of_plain_values_are_told_without_json():
    old = {"block": {"acls": True, "policy": False}, "names": ["a", "b"]}
    assert told_of_policies(old, {"block": None, "names": None}) == [
        "~ block acls=true policy=false → none", "~ names a, b → none",
    ]  # fmt: skip


def test_the_order_of_a_sequence_is_told():
    assert told_of_policies({"cors": [1, 2]}, {"cors": [2, 1]}) == ["~ cors in another order"]
    assert told_of_policies({"cors": [1]}, {"cors": [2]}) == ["~ cors: - 1, + 2"]


def test_the_summary_has_a_few_and_says_how_many_more():
    new = {"rules": [rule(f"10.{number}.0.0/16") for number in range(300)]}
    text = summary_of(differences({"rules": []}, new), SHAPE, SecurityGroups.words)
    assert text.startswith("+ in tcp 22 ipv4 10.0.0.0/16; + ")
    assert text.endswith("; and 295 more")


names = st.sampled_from(["a", "b.c", "d~e", "~1", ""])
texts = st.text(max_size=3)
rows = st.fixed_dictionaries(
    {"id": st.integers(0, 2), "port": st.integers(0, 2), "note": texts, "age": st.integers()}
)
statements = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"]), "Action": st.lists(names, max_size=2)},
    optional={"Sid": st.sampled_from(["", "A", "B"]), "Principal": st.sampled_from(["*", "x"])},
)
policies = st.fixed_dictionaries({"Statement": st.lists(statements, max_size=4)})
configs = st.fixed_dictionaries(
    {"rows": st.lists(rows, max_size=5), "plain": st.lists(texts, max_size=4)},
    optional={
        "tags": st.dictionaries(names, texts, max_size=3),
        "policy": st.none() | policies,
        "steps": st.none() | st.lists(st.integers(0, 3), max_size=3),
        "deep": st.dictionaries(names, st.dictionaries(names, texts, max_size=2), max_size=2),
    },
)  # fmt: skip
EVERY = Shape(
    sets=("rows", "plain"),
    sequences=("steps",),
    ephemeral=("rows.*.age",),
    policies=("policy",),
    keys={"rows": ("id",)},
)


@given(configs, configs)
def test_the_differences_make_the_new_of_the_old(old, new):
    before, after = settled(old, EVERY), settled(new, EVERY)
    ops = convert(to_builtins(compare(before, after, EVERY)), list[Op])
    made = settled(without(apply(before, ops), EVERY.tree), EVERY)
    assert made == settled(without(after, EVERY.tree), EVERY)
    lines_of(ops, EVERY)


@pytest.mark.parametrize("odd", [None, "text", 5, [], {}, {"Statement": "x"}, {"Statement": [1]}])
def test_what_is_no_policy_is_compared_all_the_same(odd):
    ops = differences({"policy": odd}, policy({"Effect": "Allow"}), POLICY)
    assert summary_of(ops, POLICY)

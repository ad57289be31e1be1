"""What is different between two policies."""

from security.policies.difference import PartDifference, policy_difference


def allow(sid=None, action=("s3:GetObject",), resource="*", **more):
    row = {"Effect": "Allow", "Action": list(action), "Resource": resource, **more}
    return row if sid is None else {"Sid": sid, **row}


def policy(*statements, **more):
    return {"Version": "2012-10-17", "Statement": list(statements), **more}


def ops(old, new):
    return [(found.op, found.name) for found in policy_difference(old, new).statements]


def test_another_order_is_no_difference():
    rows = [allow("a"), allow("b", ["s3:PutObject", "s3:GetObject"]), allow()]
    old = policy(*rows)
    rows[1] = allow("b", ["S3:getobject", "s3:PutObject"])
    rows.reverse()
    found = policy_difference(old, policy(*rows))
    assert (found.statements, found.document) == ((), ())
    assert found.is_cosmetic


def test_a_statement_is_known_by_its_sid_however_much_of_it_changed():
    old, new = allow("a"), allow("a", ["kms:Decrypt"], "arn:aws:kms:::key/1", Effect="Deny")
    (found,) = policy_difference(policy(old), policy(new)).statements
    assert (found.op, found.name) == ("replace", "a")
    assert found.parts == (
        PartDifference("Action", ("s3:getobject",), ("kms:decrypt",)),
        PartDifference("Effect", ("Allow",), ("Deny",)),
        PartDifference("Resource", ("*",), ("arn:aws:kms:::key/1",)),
    )


def test_a_statement_without_a_sid_is_known_by_what_it_says():
    mine = allow(None, ["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::a/*")
    other = allow(None, ["sqs:SendMessage"], "arn:aws:sqs:::q")
    more = allow(None, ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], "arn:aws:s3:::a/*")
    (found,) = policy_difference(policy(other, mine), policy(more, other)).statements
    assert found.op == "replace"
    assert found.parts == (PartDifference("Action", (), ("s3:deleteobject",)),)


def test_the_likest_are_matched_first():
    one = allow(None, ["s3:Get*", "s3:List*"], "arn:aws:s3:::a")
    two = allow(None, ["s3:Get*", "s3:List*"], "arn:aws:s3:::b")
    changed = allow(None, ["s3:Get*", "s3:List*", "s3:Put*"], "arn:aws:s3:::b")
    found = policy_difference(policy(one, two), policy(changed, one)).statements
    assert [(row.op, row.parts) for row in found] == [
        ("replace", (PartDifference("Action", (), ("s3:put*",)),))
    ]


def test_what_has_nothing_in_common_is_removed_and_added():
    old = allow(None, ["s3:Get*"], "arn:aws:s3:::a")
    new = allow(None, ["kms:Decrypt"], "arn:aws:kms:::k", Effect="Deny")
    assert [op for op, _ in ops(policy(old), policy(new))] == ["remove", "add"]


def test_the_same_statement_twice_is_told_from_once():
    assert [op for op, _ in ops(policy(allow()), policy(allow(), allow()))] == ["add"]
    assert [op for op, _ in ops(policy(allow("a"), allow("a")), policy(allow("a")))] == ["remove"]


def test_a_sid_and_an_id_are_no_rights():
    found = policy_difference(policy(allow("a"), Id="x"), policy(allow("b"), Id="y"))
    assert found.is_cosmetic
    assert [row.op for row in found.statements] == ["replace"]
    assert found.document == (PartDifference("Id", ("x",), ("y",)),)
    assert not policy_difference(policy(), {"Version": "2008-10-17", "Statement": []}).is_cosmetic


def test_principals_and_conditions_are_told_one_by_one():
    old = allow("a", Principal={"AWS": ["123456789012"]})
    new = allow(
        "a", Principal="*", Condition={"StringEquals": {"aws:SourceVpce": ["vpce-1", "vpce-2"]}}
    )
    (found,) = policy_difference(policy(old), policy(new)).statements
    assert found.parts == (
        PartDifference("Condition.StringEquals.aws:sourcevpce", (), ("vpce-1", "vpce-2")),
        PartDifference("Principal.AWS", ("arn:aws:iam::123456789012:root",), ("*",)),
    )


def test_a_policy_that_comes_or_goes_or_is_none():
    assert ops(None, policy(allow("a"))) == [("add", "a")]
    assert ops(policy(allow("a")), None) == [("remove", "a")]
    assert ops(None, None) == []
    assert [op for op, _ in ops(policy(allow("a")), "{")] == ["remove", "add"]


def test_many_statements_are_matched_in_time():
    old = policy(*(allow(None, [f"s3:A{number}"], f"arn:{number}") for number in range(3000)))
    new = policy(*(allow(None, [f"s3:B{number}"], f"arn:{number}") for number in range(3000)))
    assert len(policy_difference(old, new).statements) == 6000

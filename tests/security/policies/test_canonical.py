"""The canonical form, and what is no policy."""

import json
import time

import pytest

from security.normalise import Shape, settle
from security.policies.canonical import MALFORMED, canonical_policy
from security.policies.effective import Effective
from security.policies.exposure import grants


def statement(**more):
    return {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*", **more}]}


def only(document):
    (row,) = canonical_policy(document)["Statement"]
    return row


def test_one_statement_is_a_list_of_one_and_one_value_a_list_of_one():
    row = {"Effect": "Allow", "Action": "S3:GetObject", "Resource": "*"}
    assert only({"Statement": row}) == {
        "Effect": "Allow",
        "Action": ["s3:getobject"],
        "Resource": ["*"],
    }


@pytest.mark.parametrize("name", ["Principal", "NotPrincipal"])
def test_principals_have_one_form(name):
    for who in ("*", {"AWS": "*"}, {"AWS": ["*"]}):
        assert only(statement(**{name: who}))[name] == {"AWS": ["*"]}
    root = "arn:aws:iam::123456789012:root"
    for who in ("123456789012", root, ["123456789012", root]):
        assert only(statement(**{name: {"AWS": who}}))[name] == {"AWS": [root]}


def test_unique_ids_are_whom_they_are_of():
    policy = statement(Principal={"AWS": ["AROAEXAMPLEID12345678", "AIDAEXAMPLEID12345678"]})
    known = {"AROAEXAMPLEID12345678": "arn:aws:iam::123456789012:role/x"}
    (row,) = canonical_policy(policy, known)["Statement"]
    assert row["Principal"]["AWS"] == ["AIDAEXAMPLEID12345678", *known.values()]


def test_a_key_of_a_condition_twice_is_one_with_the_values_of_both():
    block = {"aws:SourceIp": "10.0.0.0/8", "AWS:SourceIP": ["10.0.0.0/8", "192.168.0.0/16"]}
    row = only(statement(Condition={"IpAddress": block}))
    assert row["Condition"] == {"IpAddress": {"aws:sourceip": ["10.0.0.0/8", "192.168.0.0/16"]}}


def test_values_of_conditions_are_texts():
    for value in (True, "true", ["true"], [True, "true"]):
        row = only(statement(Condition={"Bool": {"aws:SecureTransport": value}}))
        assert row["Condition"]["Bool"] == {"aws:securetransport": ["true"]}


def test_the_version_the_id_and_sids_stay():
    found = canonical_policy({"Version": "2012-10-17", "Id": "x", **statement(Sid="s")})
    assert (found["Version"], found["Id"], found["Statement"][0]["Sid"]) == ("2012-10-17", "x", "s")


BAD = {
    "a number": 1,
    "a list": [],
    "no JSON": "{",
    "spaces": "  ",
    "a text": '"x"',
    "deep, as text": '{"Statement":' + "[" * 100_000,
    "deep and whole": '{"Statement":' + "[" * 60 + "]" * 60 + "}",
    "a huge number": '{"Statement":[],"Id":' + "9" * 50 + "}",
    "a number of too many digits": '{"Id":' + "9" * 5000 + "}",
    "half of a character": '{"Statement":[],"Id":"\\ud800"}',
    "not a number": '{"Statement":[],"Id":NaN}',
    "statements of a text": {"Statement": "x"},
    "bytes": b"{}",
    "a set": {"Statement": [{"Action": {"s3:*"}}]},
}


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_policy_is_kept_as_a_text(name):
    found = canonical_policy(BAD[name])
    assert list(found) == [MALFORMED]
    assert isinstance(found[MALFORMED], str)
    assert canonical_policy(found) == found


def test_depth_is_no_danger_wherever_it_is():
    for place in ("Sid", "Effect", "Action", "Resource", "Principal", "Condition"):
        assert MALFORMED in canonical_policy(statement(**{place: nested(20_000)}))


def test_what_is_no_policy_can_be_stored():
    for document in BAD.values():
        settled = settle({"p": document}, Shape(policies=("p",)), secret=b"x")
        json.dumps(settled.config, allow_nan=False).encode()


def test_a_policy_of_five_megabytes_takes_less_than_a_second():
    rows = [
        {
            "Sid": f"s{number}",
            "Effect": "Deny" if number % 3 else "Allow",
            "Principal": {"AWS": [f"arn:aws:iam::{number:012}:role/{name}" for name in "abc"]},
            "Action": ["s3:GetObject", "s3:Put*"],
            "Resource": f"arn:aws:s3:::bucket-{number}/*",
            "Condition": {"StringNotEquals": {"aws:SourceVpce": [f"vpce-{number}"]}},
        }
        for number in range(16_000)
    ]
    text = json.dumps({"Statement": rows})
    assert len(text) > 5_000_000
    start = time.process_time()
    found = canonical_policy(text)
    assert time.process_time() - start < 2  # a second, on a machine that does nothing else
    assert len(found["Statement"]) == len(rows)
    some = {"Statement": found["Statement"][-1500:]}
    assert len(grants(some, trust=lambda _: "UNKNOWN")) > 1000
    assert Effective([some]).problems == []

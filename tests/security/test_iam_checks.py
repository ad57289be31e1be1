"""Checks of accounts, credentials, users and trails, by configurations that are written down."""

from datetime import timedelta
from itertools import pairwise

import pytest

from security.auditors import Later
from security.auditors.iam_account import (
    CallsNotTrailed,
    RootAccessKeys,
    RootWithoutMfa,
    WeakPasswordPolicy,
)
from security.auditors.iam_credentials import (
    OldAccessKey,
    PasswordWithoutMfa,
    TwoActiveKeys,
    UnusedCredential,
)
from security.auditors.iam_users import PolicyOnUser
from tests.security.auditing import ACCOUNT, NOW, FakeWorld, issues, item, verdicts

TRAIL = "aws.cloudtrail.trail"


def account(**config):
    return item("aws.iam.account", config, region="", resource_id=ACCOUNT)


def ago(**span):
    return (NOW - timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%SZ")


def key(name="AKIA1", status="Active", **age):
    return {"id": name, "status": status, "created_at": ago(**age or {"days": 1})}


def user(resource_id="ann", **config):
    given = {
        "password": None, "mfa": [], "keys": [], "report": {}, "usage": {}, **config,
    }  # fmt: skip
    return item("aws.iam.credentials", given, region="", resource_id=resource_id)


@pytest.mark.parametrize(("present", "found"), [(0, []), (1, [("", 10)]), (None, [("", -1)])])
def test_keys_of_the_root_user(present, found):
    assert issues(RootAccessKeys, account(summary={"access_keys": present})) == found


@pytest.mark.parametrize(("enabled", "found"), [(1, []), (0, [("", 10)]), (None, [("", -1)])])
def test_mfa_of_the_root_user(enabled, found):
    assert issues(RootWithoutMfa, account(summary={"mfa_enabled": enabled})) == found


@pytest.mark.parametrize(
    ("policy", "found"),
    [
        (None, [("policy", 7)]),
        ((14, 24), []),
        ((13, 24), [("length", 4)]),
        ((None, 24), [("length", 4)]),
        ((14, 23), [("reuse", 3)]),
        ((14, None), [("reuse", 3)]),
        ((6, None), [("length", 4), ("reuse", 3)]),
    ],
)
def test_password_policies(policy, found):
    given = policy and {"minimum_length": policy[0], "reuse_prevention": policy[1]}
    assert issues(WeakPasswordPolicy, account(password_policy=given)) == found


@pytest.mark.parametrize(
    ("password", "mfa", "found"),
    [
        (None, [], []),
        ({"created_at": ago(days=1)}, [{"id": "arn"}], []),
        ({"created_at": ago(days=1)}, [], [("", 8)]),
    ],
)
def test_a_password_without_mfa(password, mfa, found):
    assert issues(PasswordWithoutMfa, user(password=password, mfa=mfa)) == found


def test_a_key_is_old_after_ninety_days_and_is_looked_at_again_then():
    young, old = key("young", days=90), key("old", days=90, seconds=1)
    about = user(keys=[young, old, key("off", "Inactive", days=400)])
    assert issues(OldAccessKey, about) == [("key/old", 3)]
    (later,) = [one for one in verdicts(OldAccessKey, about) if isinstance(one, Later)]
    assert later.at == NOW + timedelta(seconds=1)
    assert issues(OldAccessKey, about, FakeWorld(now=later.at)) == [
        ("key/old", 3),
        ("key/young", 3),
    ]


def test_what_was_never_used_counts_from_when_it_was_made():
    password = {"created_at": ago(days=46)}
    assert issues(UnusedCredential, user(password=password, keys=[key(days=46)])) == [
        ("key/AKIA1", 3),
        ("password", 3),
    ]
    used = {"password_last_used": ago(days=44)}
    about = user(password=password, usage=used)
    assert issues(UnusedCredential, about) == []
    (later,) = verdicts(UnusedCredential, about)
    assert later == Later(NOW + timedelta(days=1, seconds=1))


def test_two_keys_are_told_apart_by_the_times_of_the_report():
    keys = [key("one", days=100), key("two", days=200)]
    report = {
        "access_key_1_active": True, "access_key_1_last_rotated": ago(days=100),
        "access_key_2_active": True, "access_key_2_last_rotated": ago(days=200),
    }  # fmt: skip
    usage = {
        "access_key_1_last_used_date": ago(days=60),
        "access_key_2_last_used_date": ago(days=2),
    }
    about = user(keys=keys, report=report, usage=usage)
    assert issues(UnusedCredential, about) == [("key/one", 3)]
    # Where the times do not say which is which, nobody is blamed for the other key.
    same = {**report, "access_key_1_last_rotated": None, "access_key_2_last_rotated": None}
    assert issues(UnusedCredential, user(keys=keys, report=same, usage=usage)) == []


def test_a_user_newer_than_the_report_is_judged_by_what_is_known():
    about = user(keys=[key(days=1)], report=None, usage=None)
    assert issues(UnusedCredential, about) == []


def test_two_active_keys():
    assert issues(TwoActiveKeys, user(keys=[key("a"), key("b", "Inactive")])) == []
    assert issues(TwoActiveKeys, user(keys=[key("a"), key("b")])) == [("", 2)]


@pytest.mark.parametrize("check", [PasswordWithoutMfa, OldAccessKey, UnusedCredential])
def test_the_account_s_own_user_is_judged_by_other_checks(check):
    about = user(
        "<root_account>", password={"created_at": ago(days=900)}, keys=[key(days=900)], mfa=[]
    )
    assert issues(check, about) == []


def test_policies_on_the_user_itself():
    config = {"inline": {"x": {}}, "attached": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]}
    assert issues(PolicyOnUser, item("aws.iam.user", config)) == [
        ("attached/arn:aws:iam::aws:policy/ReadOnlyAccess", 1),
        ("inline/x", 1),
    ]
    assert issues(PolicyOnUser, item("aws.iam.user", {"inline": {}, "attached": []})) == []


GOOD = {
    "multi_region": True, "logging": True, "advanced_selectors": [],
    "selectors": [{"management": True, "read_write": "All"}],
}  # fmt: skip
CATEGORY = {"field": "eventCategory", "equals": ["Management"]}


def advanced(*fields):
    return {**GOOD, "selectors": [], "advanced_selectors": [{"fields": [CATEGORY, *fields]}]}


@pytest.mark.parametrize(
    ("trails", "found"),
    [
        ([], [("", 10)]),
        ([GOOD], []),
        ([{**GOOD, "logging": False}], [("", 10)]),
        ([{**GOOD, "multi_region": False}], [("", 10)]),
        ([{**GOOD, "selectors": [{"management": True, "read_write": "WriteOnly"}]}], [("", 10)]),
        ([{**GOOD, "selectors": [{"management": False, "read_write": "All"}]}], [("", 10)]),
        ([{**GOOD, "logging": False}, GOOD], []),
        ([advanced()], []),
        ([advanced({"field": "eventSource", "notequals": ["kms.amazonaws.com"]})], []),
        ([advanced({"field": "readOnly", "equals": ["false"]})], [("", 10)]),
        # What could not be read is left out of the configuration.
        ([{name: GOOD[name] for name in GOOD if name != "logging"}], [("", -1)]),
        ([{**{name: GOOD[name] for name in GOOD if name != "logging"}, "multi_region": False}],
         [("", 10)]),
    ],
)  # fmt: skip
def test_whether_any_trail_covers_the_account(trails, found):
    world = FakeWorld(there={TRAIL: {str(number): row for number, row in enumerate(trails)}})
    assert issues(CallsNotTrailed, account(), world) == found


def test_before_trails_are_listed_nobody_can_tell():
    assert issues(CallsNotTrailed, account()) == [("", -1)]


def test_a_trail_whose_files_are_not_validated():
    assert issues(CallsNotTrailed, item(TRAIL, {"validation": False})) == [("validation", 3)]
    assert issues(CallsNotTrailed, item(TRAIL, {"validation": True})) == []


def test_checks_have_different_slugs_and_say_what_to_do():
    checks = [RootAccessKeys, RootWithoutMfa, WeakPasswordPolicy, PasswordWithoutMfa, OldAccessKey,
              UnusedCredential, TwoActiveKeys]  # fmt: skip
    assert [check.slug for check in checks] == [f"IAM-0{number}" for number in range(1, 8)]
    assert all(one.slug < two.slug for one, two in pairwise(checks))
    assert all(check.risk and check.remedy for check in checks)

"""Checks of buckets, each asked of configurations that the tests write down."""

import pytest

from security.auditors import Reference
from security.auditors.s3_access import (
    LatentlyPublicBucket,
    PublicBucket,
    SharedBucket,
    TrailBucket,
)
from security.auditors.s3_settings import AccountBlock, BucketBlock, OpenCors, PlainTransport
from security.policies.canonical import canonical_policy
from tests.security.auditing import ACCOUNT, FakeWorld, issues, item
from tests.security.buckets import statement

ALL = {
    "block_public_acls": True, "ignore_public_acls": True, "block_public_policy": True,
    "restrict_public_buckets": True,
}  # fmt: skip
NONE = dict.fromkeys(ALL, False)
EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"
OTHER = "999988887777"
UNKNOWN = {"code": "AccessDenied", "message": "", "action": ""}


def bucket(policy=(), grants=(), unknown=(), **config):
    settled = {
        "policy": canonical_policy({"Statement": list(policy)}) if policy else None,
        "acl": {"owner": "me", "grants": [grant("me", "FULL_CONTROL"), *grants]},
        "ownership": None,
        "public_access_block": None,
        **config,
    }
    known = {name: value for name, value in settled.items() if name not in unknown}
    return item("aws.s3.bucket", known, resource_id="data", unknown=dict.fromkeys(unknown, UNKNOWN))


def grant(who, permission):
    return {"kind": "Group", "grantee": who, "permission": permission}


def world(block=NONE, **fields):
    """The account's block: a table, None where there is none, "?" where nobody knows."""
    settings = {} if block == "?" else {"public_access_block": block}
    return FakeWorld(there={"aws.s3.account": {ACCOUNT: settings}}, **fields)


READING = "policy/* may s3:getobject on arn:aws:s3:::data/*"
ANYBODY = statement("data", Sid="all")
WRITER = statement("data", Sid="all", Action=["s3:GetObject", "s3:PutObject"])


@pytest.mark.parametrize(
    ("policy", "score"),
    [
        (ANYBODY, 9),
        (statement("data", Sid="all", Action="s3:List*"), 9),
        (WRITER, 10),
        (statement("data", Sid="all", Action="s3:*"), 10),
        (statement("data", Sid="all", Action="s3:DeleteObject"), 10),
        (statement("data", Sid="all", Action="s3:PutBucketAcl"), 10),
    ],
)
def test_a_policy_for_everybody_is_public(policy, score):
    ((subject, found),) = issues(PublicBucket, bucket([policy]), world())
    assert subject.startswith("policy/* may s3:")
    assert found == score
    assert issues(LatentlyPublicBucket, bucket([policy]), world()) == []


@pytest.mark.parametrize(
    ("permission", "score"), [("READ", 9), ("READ_ACP", 9), ("WRITE", 10), ("WRITE_ACP", 10)]
)
def test_a_grant_to_everybody_is_public(permission, score):
    about = bucket(grants=[grant(EVERYBODY, permission)])
    assert issues(PublicBucket, about, world()) == [(f"acl/AllUsers/{permission}", score)]


@pytest.mark.parametrize(
    ("account", "own", "policy_shut", "grants_shut"),
    [
        (NONE, None, False, False),
        (None, None, False, False),
        (ALL, None, True, True),
        (NONE, ALL, True, True),
        ({**NONE, "restrict_public_buckets": True}, None, True, False),
        (NONE, {**NONE, "ignore_public_acls": True}, False, True),
        # What keeps new policies out says nothing of the one that is there.
        ({**NONE, "block_public_policy": True, "block_public_acls": True}, None, False, False),
    ],
)
def test_the_block_of_either_side_shuts_what_it_says_and_leaves_it_latent(
    account, own, policy_shut, grants_shut
):
    about = bucket([ANYBODY], [grant(EVERYBODY, "READ")], public_access_block=own)
    public = issues(PublicBucket, about, world(account))
    latent = issues(LatentlyPublicBucket, about, world(account))
    ways = {"policy": policy_shut, "acl": grants_shut}
    assert {subject.partition("/")[0] for subject, _ in public} == {
        way for way, shut in ways.items() if not shut
    }
    assert {subject.partition("/")[0] for subject, _ in latent} == {
        way for way, shut in ways.items() if shut
    }
    assert {score for _, score in latent} <= {2}


def test_grants_do_not_count_where_the_owner_of_the_bucket_owns_all():
    about = bucket(grants=[grant(EVERYBODY, "READ")], ownership="BucketOwnerEnforced")
    assert issues(PublicBucket, about, world()) == []
    assert issues(LatentlyPublicBucket, about, world(ALL)) == []
    unsure = bucket(grants=[grant(EVERYBODY, "READ")], unknown=["ownership"])
    assert issues(PublicBucket, unsure, world()) == [("", -1)]


@pytest.mark.parametrize("check", [PublicBucket, LatentlyPublicBucket, SharedBucket])
@pytest.mark.parametrize("facet", ["policy", "acl"])
def test_what_cannot_be_read_is_undecided(check, facet):
    assert issues(check, bucket(unknown=[facet]), world(ALL)) == [("", -1)]


@pytest.mark.parametrize("check", [PublicBucket, LatentlyPublicBucket])
@pytest.mark.parametrize(
    ("about", "around"),
    [
        (bucket([ANYBODY]), world("?")),
        (bucket([ANYBODY]), FakeWorld()),
        (bucket([ANYBODY], unknown=["public_access_block"]), world()),
    ],
    ids=["account denied", "account not read yet", "bucket denied"],
)
def test_a_block_that_cannot_be_read_leaves_it_undecided(check, about, around):
    assert issues(check, about, around) == [("", -1)]


def test_one_block_that_is_known_to_shut_decides_whatever_the_other_is():
    about = bucket([ANYBODY], unknown=["public_access_block"])
    assert issues(PublicBucket, about, world(ALL)) == []
    assert issues(LatentlyPublicBucket, about, world(ALL)) == [
        ("policy/* may s3:getobject on arn:aws:s3:::data/*", 2)
    ]


def test_a_policy_that_is_none_is_undecided():
    about = bucket(policy=None)
    about = item("aws.s3.bucket", {**about.config, "policy": {"Malformed": "{"}})
    assert issues(PublicBucket, about, world()) == [("", -1)]


def test_accounts_of_others_are_told_apart():
    other = f"arn:aws:iam::{OTHER}:root"
    shared = statement("data", Sid="it", Principal={"AWS": other})
    canonical = "f" * 64
    about = bucket([shared], [grant(canonical, "READ")])
    subjects = [f"acl/{canonical}/READ", f"policy/{other} may s3:getobject on arn:aws:s3:::data/*"]
    trusted = {other: "THIRDPARTY", canonical: "THIRDPARTY"}
    assert issues(SharedBucket, about, world()) == [(subject, 8) for subject in subjects]
    assert issues(SharedBucket, about, world(trusted=trusted)) == [
        (subject, 2) for subject in subjects
    ]
    friends = dict.fromkeys(trusted, "FRIENDLY")
    assert issues(SharedBucket, about, world(trusted=friends)) == []
    logs = bucket(grants=[grant("http://acs.amazonaws.com/groups/s3/LogDelivery", "WRITE")])
    assert issues(SharedBucket, logs, world()) == []
    assert issues(PublicBucket, about, world()) == []


def test_the_block_of_the_account_is_wanted_whole():
    def about(block):
        return item("aws.s3.account", {"public_access_block": block}, resource_id=ACCOUNT)

    assert issues(AccountBlock, about(ALL)) == []
    assert issues(AccountBlock, about({**ALL, "ignore_public_acls": False})) == [("", 6)]
    assert issues(AccountBlock, about(None)) == [("", 6)]


@pytest.mark.parametrize(
    ("own", "account", "found"),
    [
        (None, None, [("", 4)]),
        (ALL, None, []),
        (None, ALL, []),
        (None, "?", [("", -1)]),
        (ALL, "?", []),
        ({**ALL, "ignore_public_acls": False}, {**ALL, "block_public_acls": False}, [("", 4)]),
    ],
)
def test_one_of_both_blocks_is_wanted_whole(own, account, found):
    assert issues(BucketBlock, bucket(public_access_block=own), world(account)) == found


def test_a_block_of_the_bucket_that_cannot_be_read_is_undecided_unless_the_account_has_one():
    about = bucket(unknown=["public_access_block"])
    assert issues(BucketBlock, about, world()) == [("", -1)]
    assert issues(BucketBlock, about, world(ALL)) == []


PLAIN = {"Bool": {"aws:SecureTransport": "false"}}


def denial(**fields):
    both = ["arn:aws:s3:::data", "arn:aws:s3:::data/*"]
    return statement("data", **{
        "Effect": "Deny", "Action": "s3:*", "Resource": both, "Condition": PLAIN, **fields,
    })  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "covered"),
    [
        ([denial()], True),
        ([denial(Resource="*", Action="*")], True),
        ([denial(Resource="arn:aws:s3:::data"), denial(Resource="arn:aws:s3:::data/*")], True),
        ([denial(Condition={"BoolIfExists": {"aws:securetransport": False}})], True),
        ([denial(Resource="arn:aws:s3:::data/*")], False),
        ([denial(Resource="arn:aws:s3:::data/public/*")], False),
        ([denial(Action="s3:GetObject")], False),
        ([denial(Principal={"AWS": f"arn:aws:iam::{OTHER}:root"})], False),
        ([denial(Condition={**PLAIN, "StringEquals": {"aws:SourceVpc": "vpc-1"}})], False),
        ([denial(Condition={"Bool": {"aws:SecureTransport": "true"}})], False),
        ([denial(Effect="Allow")], False),
        ([], False),
    ],
)
def test_plain_requests_must_be_denied_for_bucket_and_objects(policy, covered):
    assert issues(PlainTransport, bucket(policy), world()) == ([] if covered else [("", 2)])


@pytest.mark.parametrize(
    ("origins", "methods", "found"),
    [
        (["*"], ["GET", "PUT", "DELETE"], [("DELETE/PUT", 4)]),
        (["https://*"], ["POST"], [("POST", 4)]),
        (["*"], ["GET", "HEAD"], []),
        (["https://*.example.com"], ["PUT"], []),
    ],
)
def test_pages_of_any_site_may_read_at_most(origins, methods, found):
    about = bucket(cors=[{"allowed_origins": origins, "allowed_methods": methods}])
    assert issues(OpenCors, about) == found


TRAIL = {"data": [Reference("bucket", "aws.cloudtrail.trail", "main")]}
KEPT = {"logging": {"target_bucket": "logs"}, "versioning": {"status": "Enabled"}}


def test_a_bucket_of_cloudtrail_is_logged_versioned_and_closed():
    around = world(referred=TRAIL)
    assert issues(TrailBucket, bucket(**KEPT), around) == []
    bare = bucket([ANYBODY])
    assert issues(TrailBucket, bare, around) == [("logging", 4), ("public", 10), ("versioning", 3)]
    assert issues(TrailBucket, bare, world()) == []
    blocked = bucket([ANYBODY], public_access_block=ALL, **KEPT)
    assert issues(TrailBucket, blocked, around) == []


def test_what_cannot_be_read_of_a_bucket_of_cloudtrail_is_undecided_one_by_one():
    about = bucket(unknown=["policy", "logging", "versioning"])
    assert issues(TrailBucket, about, world(referred=TRAIL)) == [
        ("logging", -1), ("public", -1), ("versioning", -1),
    ]  # fmt: skip

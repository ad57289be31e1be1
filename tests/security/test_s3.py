"""Buckets: every part of them, in every region, and what happens when a part cannot be read."""

from unittest.mock import MagicMock, Mock
from urllib.parse import urlsplit

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from opsportal.lib.aws import Gone, Unknown, facet
from opsportal.lib.aws.access import Access, forget_clients
from security.collectors.s3_account import S3Account
from security.collectors.s3_buckets import Buckets
from security.collectors.s3_facets import FACETS
from security.models import ConfigRevision, Finding
from security.normalise import settle
from tests.alerts.moto import ACCOUNT, CREDENTIALS, REGION
from tests.security.buckets import BLOCK, make_bucket, put_account_block, put_policy, statement
from tests.security.collecting import collect, later, make_account, resource
from tests.security.denials import deny, refusal
from tests.security.reading import access, config_of, listed

SECRET = b"test"
OPERATIONS = (
    "get_bucket_acl", "get_bucket_policy", "get_bucket_policy_status", "get_public_access_block",
    "get_bucket_ownership_controls", "get_bucket_encryption", "get_bucket_versioning",
    "get_bucket_logging", "get_bucket_cors", "get_bucket_lifecycle_configuration",
    "get_bucket_website", "get_bucket_replication", "get_object_lock_configuration",
    "get_bucket_notification_configuration", "get_bucket_tagging",
)  # fmt: skip


def test_a_bucket_as_it_was_made_has_nothing_set(cloud):
    make_bucket(cloud, "bare")
    config = config_of(Buckets, "bare")
    (grant,) = config["acl"]["grants"]
    assert grant == {
        "kind": "CanonicalUser", "grantee": config["acl"]["owner"], "permission": "FULL_CONTROL",
    }  # fmt: skip
    assert {name for name, value in config.items() if value is None} == {
        part.name for part in FACETS
    } - {"acl"}
    assert config["region"] == REGION


def fill(s3, name):
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=BLOCK)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_ownership_controls(
        Bucket=name, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    )
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k"}
    s3.put_bucket_encryption(
        Bucket=name,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": default}]
        },
    )
    rules = [
        {
            "ID": f"r{days}", "Filter": {"Prefix": "x/"}, "Status": "Enabled",
            "Expiration": {"Days": days},
        }
        for days in (30, 10)
    ]  # fmt: skip
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})
    s3.put_bucket_website(
        Bucket=name,
        WebsiteConfiguration={
            "IndexDocument": {"Suffix": "index.html"},
            "RoutingRules": [{"Redirect": {"HostName": "example.com"}}],
        },
    )
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "env", "Value": "prod"}]})


def test_every_part_is_read_and_in_our_words(cloud):
    make_bucket(cloud, "full")
    fill(cloud.client("s3"), "full")
    put_policy(cloud, "full", statement("full"))
    config = config_of(Buckets, "full")
    assert config["public_access_block"] == {
        "block_public_acls": True, "ignore_public_acls": True, "block_public_policy": True,
        "restrict_public_buckets": True,
    }  # fmt: skip
    assert config["versioning"]["status"] == "Enabled"
    assert config["ownership"] == "ObjectWriter"
    assert [rule["id"] for rule in config["lifecycle"]] == ["r10", "r30"]
    assert config["website"]["routing_rules"] == [{"redirect": {"host_name": "example.com"}}]
    assert config["policy"]["Statement"][0]["Principal"] == {"AWS": ["*"]}
    assert config["policy_status"] == {"is_public": True}
    found = listed(Buckets)["full"]
    assert (found.arn, found.tags) == ("arn:aws:s3:::full", {"env": "prod"})
    assert set(Buckets.links(config)) == {("key", "k")}


def test_buckets_of_all_regions_are_listed_once_and_each_is_where_it_is(cloud):
    make_bucket(cloud, "here")
    make_bucket(cloud, "oldest", "us-east-1")
    assert {name: found.region for name, found in listed(Buckets).items()} == {
        "here": REGION, "oldest": "us-east-1",
    }  # fmt: skip


def test_a_bucket_that_goes_between_the_list_and_the_look_is_left_out(cloud, monkeypatch):
    make_bucket(cloud, "stays")
    rows = [{"Name": "stays"}, {"Name": "went"}]
    monkeypatch.setattr(Access, "pages", lambda *_, **__: iter([rows]))
    (page,) = Buckets.pages(access(""))
    assert [found.resource_id for found in page] == ["stays"]
    with pytest.raises(Gone):
        Buckets.fetch(access(""), "went")


@pytest.mark.parametrize("part", FACETS, ids=lambda part: part.name)
def test_a_part_that_is_denied_is_unknown_and_names_the_permission(part):
    s3 = MagicMock(**{f"{operation}.side_effect": refusal() for operation in OPERATIONS})
    value = facet(lambda: part.ask(s3, "x"), action=part.action, absent=part.absent)
    assert value == Unknown("AccessDenied", value.message, part.action)


def canonical(config):
    return settle({"acl": None, **config}, Buckets.shape, secret=SECRET).durable_hash


def test_the_order_of_cors_rules_means_something_and_that_of_grants_nothing():
    one = {"allowed_origins": ["https://a", "https://b"], "allowed_methods": ["GET"]}
    two = {"allowed_origins": ["*"], "allowed_methods": ["GET"]}
    turned = {**one, "allowed_origins": ["https://b", "https://a"]}
    assert canonical({"cors": [one, two]}) != canonical({"cors": [two, one]})
    assert canonical({"cors": [one, two]}) == canonical({"cors": [turned, two]})
    grants = [{"grantee": "a", "permission": "READ"}, {"grantee": "b", "permission": "READ"}]
    acl, other = {"grants": grants}, {"grants": grants[::-1]}
    assert canonical({"acl": acl}) == canonical({"acl": other})


def test_what_people_see_in_place_of_an_owner_is_left_out():
    answer = {
        "Owner": {"ID": "1", "DisplayName": "x"},
        "Grants": [
            {
                "Grantee": {"Type": "CanonicalUser", "ID": "1", "DisplayName": "x"},
                "Permission": "READ",
            }
        ],
    }
    s3 = Mock(get_bucket_acl=Mock(return_value=answer))
    assert "x" not in str(FACETS[0].ask(s3, "b"))


def test_the_block_of_the_account_is_absent_or_what_it_says(cloud):
    (page,) = S3Account.pages(access(""))
    assert page[0].config == {"public_access_block": None}
    put_account_block(cloud, BlockPublicPolicy=False)
    found = S3Account.fetch(access(""), ACCOUNT)
    assert found.resource_id == ACCOUNT
    assert found.config["public_access_block"] == {
        "block_public_acls": True, "ignore_public_acls": True, "block_public_policy": False,
        "restrict_public_buckets": True,
    }  # fmt: skip


def test_a_cloud_of_another_name_is_asked_without_hosts_of_buckets_or_accounts(monkeypatch):
    forget_clients()
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": "http://cloud.test:5000"}.items():
        monkeypatch.setenv(name, value)
    asked = []

    def send(self, request):
        asked.append(request.url)
        return AWSResponse(request.url, 404, {}, Mock(stream=lambda: [b""]))

    monkeypatch.setattr("botocore.httpsession.URLLib3Session.send", send)
    with pytest.raises(ClientError):
        access("").client("s3").get_bucket_policy(Bucket="data")
    with pytest.raises(ClientError):
        access("").client("s3control").get_public_access_block(AccountId=ACCOUNT)
    forget_clients()
    assert {urlsplit(url).netloc for url in asked} == {"cloud.test:5000"}


def findings(name):
    rows = Finding.objects.filter(resource__resource_id=name, check_id__in=["S3-01", "S3-02"])
    return set(rows.values_list("check_id", "status", "score"))


@pytest.mark.django_db(transaction=True)
def test_a_bucket_made_public_is_one_revision_and_a_finding_and_blocking_it_another(cloud):
    make_account()
    make_bucket(cloud, "data")
    collect("aws.s3.account", "aws.s3.bucket")
    assert findings("data") == set()
    put_policy(cloud, "data", statement("data"))
    collect("aws.s3.account", "aws.s3.bucket", now=later(minutes=30))
    revision = ConfigRevision.objects.get(resource__resource_id="data", number=2)
    assert {change["path"] for change in revision.changes} == {"policy", "policy_status"}
    assert revision.change_class == "security"
    assert findings("data") == {("S3-01", "open", 9)}
    cloud.client("s3").put_public_access_block(Bucket="data", PublicAccessBlockConfiguration=BLOCK)
    collect("aws.s3.account", "aws.s3.bucket", now=later(minutes=60))
    assert findings("data") == {("S3-01", "fixed", 9), ("S3-02", "open", 2)}


@pytest.mark.django_db(transaction=True)
def test_a_policy_that_cannot_be_read_is_no_change_and_what_was_known_stays(cloud, monkeypatch):
    make_account()
    make_bucket(cloud, "data")
    put_policy(cloud, "data", statement("data"))
    collect("aws.s3.bucket")
    revisions = ConfigRevision.objects.filter(resource__resource_id="data")
    before = resource("data").config["policy"]
    deny(monkeypatch, "GetBucketPolicy")
    (row,) = collect("aws.s3.bucket", now=later(minutes=30))
    found = resource("data")
    assert row.outcome == "complete"
    assert found.config["policy"] == before
    assert found.unknown["policy"]["action"] == "s3:GetBucketPolicy"
    assert revisions.count() == 1
    assert ("S3-01", "unknown", 10) in findings("data")


@pytest.mark.django_db(transaction=True)
def test_a_bucket_in_another_region_is_kept_there_and_its_deletion_needs_two_listings(cloud):
    make_account()
    make_bucket(cloud, "far", "us-east-1")
    collect("aws.s3.bucket")
    assert resource("far").region == "us-east-1"
    cloud.client("s3", "us-east-1").delete_bucket(Bucket="far")
    collect("aws.s3.bucket", now=later(minutes=30))
    assert resource("far").state == "missing"
    collect("aws.s3.bucket", now=later(minutes=60))
    assert resource("far").state == "deleted"

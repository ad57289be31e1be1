"""From AWS to findings about accounts, users and names."""

import pytest

from security.audit import audit_due, dependents, mark_dependents
from security.audit.world import LoadedWorld
from security.auditors import Auditor
from security.collectors import collectors
from security.models import CloudResource, Finding, Scope
from tests.security.collecting import NOW, collect, later, make_account, resource
from tests.security.test_account_wide import add, make_trail, make_zone
from tests.security.test_iam import IAM, make_iam

pytestmark = pytest.mark.django_db(transaction=True)
ACCOUNT_TRAIL = ("aws.iam.account", "aws.cloudtrail.trail")


def open_findings(check):
    rows = Finding.objects.filter(check_id=check, status="open")
    return sorted(rows.values_list("resource__technology", "subject", "score"))


def test_an_account_is_judged_anew_when_its_trail_stops(cloud):
    make_account()
    arn = make_trail(cloud, IsMultiRegionTrail=True, EnableLogFileValidation=True)
    client = cloud.client("cloudtrail")
    client.start_logging(Name=arn)
    client.put_event_selectors(
        TrailName=arn,
        EventSelectors=[{"ReadWriteType": "All", "IncludeManagementEvents": True}],
    )
    collect(*ACCOUNT_TRAIL)
    audit_due(now=NOW)
    assert open_findings("CT-01") == []
    client.stop_logging(Name="all")
    collect("aws.cloudtrail.trail", now=later(hours=2))
    audit_due(now=later(hours=2))
    assert open_findings("CT-01") == [("aws.iam.account", "", 10)]
    client.start_logging(Name="all")
    collect("aws.cloudtrail.trail", now=later(hours=3))
    audit_due(now=later(hours=3))
    assert open_findings("CT-01") == []


def test_an_account_without_any_trail_has_a_finding(cloud):
    make_account()
    collect(*ACCOUNT_TRAIL)
    audit_due(now=NOW)
    assert open_findings("CT-01") == [("aws.iam.account", "", 10)]
    assert open_findings("IAM-02") == [("aws.iam.account", "", 10)]
    assert open_findings("IAM-03") == [("aws.iam.account", "policy", 7)]


def test_a_key_grows_old_by_itself(cloud):
    make_account()
    cloud.client("iam").create_user(UserName="ann")
    cloud.client("iam").create_access_key(UserName="ann")
    collect("aws.iam.credentials")
    made = CloudResource.objects.get(resource_id="ann")
    assert open_findings("IAM-05") == []
    assert made.audit_at is not None
    # The key is of the machine's own day, which no test should depend on.
    config = {**made.config, "keys": [{**made.config["keys"][0], "created_at": NOW.isoformat()}]}
    CloudResource.objects.update(config=config, audit_at=NOW)
    audit_due(now=NOW)
    due = CloudResource.objects.get(resource_id="ann").audit_at
    assert due == later(days=45, seconds=1)
    audit_due(now=later(days=91))
    assert [row[2] for row in open_findings("IAM-05")] == [3]
    assert len(open_findings("IAM-06")) == 1


def test_a_name_whose_address_was_released_is_a_finding_six_hours_later_at_the_latest(cloud):
    make_account()
    ec2 = cloud.client("ec2")
    address = ec2.allocate_address(Domain="vpc")
    zone = make_zone(cloud)
    add(cloud, zone, Name="www.example.com", Type="A", TTL=60,
        ResourceRecords=[{"Value": address["PublicIp"]}])  # fmt: skip
    both = ("aws.ec2.address", "aws.route53.record")
    collect(*both)
    assert open_findings("R53-01") == []
    ec2.release_address(AllocationId=address["AllocationId"])
    for minutes in (20, 40):
        collect(*both, now=later(minutes=minutes))
    assert resource(address["AllocationId"]).state == "deleted"
    audit_due(now=later(hours=7))
    assert open_findings("R53-01") == [("aws.route53.record", f"address/{address['PublicIp']}", 7)]


def test_what_is_everywhere_is_known_only_when_all_of_it_was_listed(cloud):
    account, other = make_account(), make_account("210987654321", "other")
    cloud.client("s3").create_bucket(
        Bucket="files", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    collect("aws.s3.bucket")

    def everywhere():
        return LoadedWorld(account, "", [], NOW).everywhere("aws.s3.bucket")

    assert "files" in everywhere().there
    Scope.objects.filter(account=other, technology="aws.s3.bucket").update(outcome="denied")
    assert everywhere() is None
    other.frozen = True
    other.save()
    assert "files" in everywhere().there


def test_members_of_a_group_are_judged_anew_when_a_policy_of_the_group_changes(cloud, monkeypatch):
    class Effective(Auditor):
        slug = "X"
        technologies = ("aws.iam.user", "aws.iam.group")
        follows = ("aws.iam.group", "aws.iam.policy")

    account = make_account()
    arn = make_iam(cloud)
    iam = cloud.client("iam")
    iam.create_user(UserName="bob")
    iam.add_user_to_group(GroupName="staff", UserName="bob")
    iam.create_user(UserName="eve")
    collect(*IAM)
    CloudResource.objects.update(audit_at=None)
    monkeypatch.setattr(dependents, "auditors", lambda: {"X": Effective})
    mark_dependents(account, "aws.iam.policy", [resource(arn)], now=NOW)
    due = CloudResource.objects.filter(audit_at=NOW).values_list("resource_id", flat=True)
    assert sorted(due) == ["ann", "bob", "staff"]


def test_every_technology_of_an_empty_account_is_listed_in_full(cloud):
    make_account()
    mine = [
        slug
        for slug, collector in collectors().items()
        if collector.service in ("iam", "cloudtrail", "route53")
        or slug in ("aws.ec2.account", "aws.ec2.address")
    ]
    assert {(row.scope.technology, row.outcome) for row in collect(*mine)} == {
        (slug, "complete") for slug in mine
    }

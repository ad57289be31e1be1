"""What holds for a whole account: its settings, its trails, and the names it answers for."""

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from opsportal.lib.aws import Gone, Unknown
from opsportal.lib.aws.access import Access
from security.collectors.cloudtrail_trails import Trails
from security.collectors.ec2_account import Ec2Account
from security.collectors.iam_account import IamAccount
from security.collectors.route53_names import canonical_name, plain_name
from security.collectors.route53_records import Records
from security.collectors.route53_zones import Zones
from security.normalise import settle
from tests.alerts.moto import ACCOUNT, REGION


@pytest.fixture
def access(cloud):
    return Access(ACCOUNT, "aws", "")


def listed(collector, access):
    return {found.resource_id: found for page in collector.pages(access) for found in page}


def test_what_an_account_has_not_set_is_absent_and_not_unknown(cloud, access):
    (found,) = listed(IamAccount, access).values()
    assert found.config["password_policy"] is None
    assert found.config["contact_security"] is None
    assert found.config["summary"]["mfa_enabled"] == 0
    assert not [name for name, value in found.config.items() if isinstance(value, Unknown)]


def test_an_account_s_settings_are_read(cloud, access):
    iam = cloud.client("iam")
    iam.update_account_password_policy(MinimumPasswordLength=14, PasswordReusePrevention=24)
    iam.create_account_alias(AccountAlias="shop")
    iam.create_open_id_connect_provider(
        Url="https://token.example.com", ClientIDList=["b", "a"], ThumbprintList=["a" * 40]
    )
    iam.create_saml_provider(Name="idp", SAMLMetadataDocument="x" * 1024)
    (found,) = listed(IamAccount, access).values()
    assert found.name == "shop"
    assert found.config["password_policy"]["minimum_length"] == 14
    config = settle(found.config, IamAccount.shape, secret=b"k").config
    assert config["oidc_providers"][0]["clients"] == ["a", "b"]
    assert config["saml_providers"][0]["metadata"].startswith("hmac-sha256:")


def test_what_cannot_be_read_of_an_account_is_unknown_and_never_empty(cloud):
    (found,) = listed(Ec2Account, Access(ACCOUNT, "aws", REGION)).values()
    assert found.config["ebs_encryption"] is False
    for name in ("snapshot_block", "image_block", "metadata_defaults"):
        assert isinstance(found.config[name], Unknown)


def make_trail(cloud, name="all", region="", **options):
    cloud.client("s3").create_bucket(
        Bucket=f"logs-{name}", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    client = cloud.client("cloudtrail", region)
    trail = client.create_trail(Name=name, S3BucketName=f"logs-{name}", **options)
    return trail["TrailARN"]


def test_a_trail_of_all_regions_is_seen_from_another_one(cloud, access):
    arn = make_trail(cloud, IsMultiRegionTrail=True, EnableLogFileValidation=True)
    client = cloud.client("cloudtrail")
    client.start_logging(Name=arn)
    client.put_event_selectors(
        TrailName=arn,
        EventSelectors=[{"ReadWriteType": "All", "IncludeManagementEvents": True}],
    )
    found = listed(Trails, access)
    assert set(found) == {arn}
    assert found[arn].config["logging"] is True
    assert found[arn].config["selectors"][0]["read_write"] == "All"
    assert Trails.fetch(access, arn).config == found[arn].config
    client.delete_trail(Name="all")
    with pytest.raises(Gone):
        Trails.fetch(access, arn)


def test_a_trail_of_one_region_only_is_asked_for_there(cloud, access):
    arn = make_trail(cloud, "local")
    assert listed(Trails, access) == {}  # moto lists the trails of one region
    with Stubber(access.client("cloudtrail")) as stub:
        stub.add_response("describe_trails", {"trailList": []})
        stub.add_response(
            "list_trails", {"Trails": [{"TrailARN": arn, "Name": "local", "HomeRegion": REGION}]}
        )
        assert listed(Trails, access)[arn].config["logging"] is False


def test_a_trail_without_insights_has_none_and_one_that_denies_is_unknown(cloud, access):
    arn = make_trail(cloud, IsMultiRegionTrail=True)
    home = Access(ACCOUNT, "aws", REGION).client("cloudtrail")
    row = home.get_trail(Name=arn)["Trail"]
    with Stubber(home) as stub:
        stub.add_response("get_trail", {"Trail": row})
        stub.add_client_error("get_event_selectors", "AccessDeniedException", http_status_code=400)
        stub.add_response("get_trail_status", {"IsLogging": True})
        stub.add_client_error("get_insight_selectors", "InsightNotEnabledException")
        found = Trails.fetch(access, arn)
    assert found.config["insights"] is None
    assert found.config["selectors"].code == "AccessDeniedException"
    assert found.config["advanced_selectors"].action == "cloudtrail:GetEventSelectors"


def test_trails_are_named_by_arn_and_a_bare_name_is_nobody_s():
    arn = f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/all"
    assert Trails.resource_of(arn) == arn
    assert Trails.resource_of("all") == ""


def make_zone(cloud, name="example.com", **options):
    zone = cloud.client("route53").create_hosted_zone(Name=name, CallerReference=name, **options)
    return zone["HostedZone"]["Id"].rpartition("/")[2]


def add(cloud, zone, **record):
    change = {"Action": "CREATE", "ResourceRecordSet": record}
    cloud.client("route53").change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": [change]}
    )


def test_zones_public_and_private(cloud, access):
    public = make_zone(cloud)
    vpc = cloud.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    private = make_zone(
        cloud,
        "inner.example.com",
        VPC={"VPCRegion": REGION, "VPCId": vpc},
        HostedZoneConfig={"PrivateZone": True, "Comment": ""},
    )
    found = listed(Zones, access)
    assert found[public].config["signing"] == "NOT_SIGNING"
    assert found[private].config["vpcs"] == [{"id": vpc, "region": REGION}]
    for one in (public, private):
        assert Zones.fetch(access, one).config == found[one].config
    assert Zones.resource_of(f"/hostedzone/{public}") == public


def test_records_of_one_name_are_told_apart_by_type_and_set_identifier(cloud, access):
    zone = make_zone(cloud)
    for part, weight in (("blue", 1), ("green", 2)):
        add(cloud, zone, Name="www.example.com", Type="A", TTL=60, SetIdentifier=part,
            Weight=weight, ResourceRecords=[{"Value": f"198.51.100.{weight}"}])  # fmt: skip
    add(cloud, zone, Name="www.example.com", Type="TXT", TTL=60,
        ResourceRecords=[{"Value": '"x"'}])  # fmt: skip
    add(cloud, zone, Name="*.example.com", Type="CNAME", TTL=60,
        ResourceRecords=[{"Value": "www.example.com"}])  # fmt: skip
    found = listed(Records, access)
    names = {one.removeprefix(f"{zone}/") for one in found}
    assert {
        "A/www.example.com./blue",
        "A/www.example.com./green",
        "TXT/www.example.com.",
        "CNAME/*.example.com.",
    } <= names
    for one in found.values():
        assert Records.fetch(access, one.resource_id).config == one.config
    with pytest.raises(Gone):
        Records.fetch(access, f"{zone}/A/www.example.com./red")
    with pytest.raises(Gone):
        Records.fetch(access, "Z0/A/www.example.com.")


def test_records_are_read_page_by_page_and_a_failing_page_fails_the_listing(cloud, access):
    row = {"Name": "a.example.com.", "Type": "A", "TTL": 1, "ResourceRecords": [{"Value": "x"}]}
    zones = {
        "HostedZones": [{"Id": "/hostedzone/Z1", "Name": "example.com.", "CallerReference": "x"}],
        "Marker": "", "IsTruncated": False, "MaxItems": "100",
    }  # fmt: skip
    page = {
        "ResourceRecordSets": [row], "IsTruncated": True, "MaxItems": "1",
        "NextRecordName": "b.example.com.", "NextRecordType": "A",
    }  # fmt: skip
    last = {"ResourceRecordSets": [{**row, "Name": "b.example.com."}], "IsTruncated": False,
            "MaxItems": "1"}  # fmt: skip
    with Stubber(access.client("route53")) as stub:
        stub.add_response("list_hosted_zones", zones)
        stub.add_response("list_resource_record_sets", page)
        stub.add_response("list_resource_record_sets", last)
        assert set(listed(Records, access)) == {"Z1/A/a.example.com.", "Z1/A/b.example.com."}
        stub.add_response("list_hosted_zones", zones)
        stub.add_response("list_resource_record_sets", page)
        stub.add_client_error("list_resource_record_sets", "Throttling")
        with pytest.raises(ClientError):
            listed(Records, access)
        stub.add_response("list_hosted_zones", zones)
        stub.add_client_error("list_resource_record_sets", "NoSuchHostedZone")
        assert listed(Records, access) == {}


@pytest.mark.parametrize(
    ("given", "plain", "canonical"),
    [
        (r"\052.Example.com.", "*.example.com.", "*.example.com."),
        ("*.example.com.", "*.example.com.", "*.example.com."),
        (r"0\05725.example.com.", "0/25.example.com.", r"0\05725.example.com."),
        ("0/25.example.com.", "0/25.example.com.", r"0\05725.example.com."),
        (r"\303\274.example.com.", "ü.example.com.", r"\303\274.example.com."),
    ],
)
def test_names_have_one_form_however_they_are_escaped(given, plain, canonical):
    assert plain_name(given) == plain
    assert canonical_name(given) == canonical
    assert canonical_name(canonical) == canonical

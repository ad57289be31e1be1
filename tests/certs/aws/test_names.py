"""CloudFront's distributions, and the names in zones of Route 53."""

import pytest

from certs.normalise import FoundCertificate, FoundEndpoint, FoundName, FoundTrouble
from certs.sources.aws.cloudfront import Distributions
from certs.sources.aws.route53 import Zones, host_name
from tests.alerts.moto import ACCOUNT
from tests.certs.aws.clouds import (
    answering,
    import_to_acm,
    leaf,
    look,
    look_until,
    of_kind,
    upload_to_iam,
)
from tests.certs.aws.test_acm import refused


def distribute(cloud, viewer, *aliases, enabled=True):
    made = cloud.client("cloudfront").create_distribution(
        DistributionConfig={
            "CallerReference": "-".join(aliases) or "none", "Comment": "", "Enabled": enabled,
            "Aliases": {"Quantity": len(aliases), "Items": list(aliases)},
            "Origins": {"Quantity": 1, "Items": [
                {"Id": "o", "DomainName": "origin.example", "CustomOriginConfig": {
                    "HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"}},
            ]},
            "DefaultCacheBehavior": {
                "TargetOriginId": "o", "ViewerProtocolPolicy": "allow-all",
                "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
                "MinTTL": 0,
            },
            "ViewerCertificate": viewer,
        }
    )  # fmt: skip
    return made["Distribution"]


def by_acm(arn):
    return {"ACMCertificateArn": arn, "SSLSupportMethod": "sni-only",
            "MinimumProtocolVersion": "TLSv1.2_2021"}  # fmt: skip


def test_a_distribution_is_a_place_of_its_certificate_and_is_asked_by_its_name(cloud):
    shop = leaf("shop.example", "*.shop.example")
    made = distribute(
        cloud, by_acm(import_to_acm(cloud, shop, "us-east-1")), "*.shop.example", "Shop.example"
    )
    distribute(cloud, {"CloudFrontDefaultCertificate": True})
    found = look(Distributions())
    (placed,) = of_kind(found, FoundCertificate)
    assert (placed.locator, placed.parsed.sha256) == (made["ARN"], shop.parsed.sha256)
    assert placed.facts["aliases"] == ["shop.example", "*.shop.example"]
    assert of_kind(found, FoundEndpoint) == [
        FoundEndpoint(made["DomainName"], 443, "tls", "shop.example", made["ARN"])
    ]
    assert of_kind(found, FoundName) == [FoundName("shop.example", made["ARN"])]


def test_one_that_is_off_is_not_looked_at_and_one_of_iam_is_found_by_its_id(cloud):
    old = leaf("old.example")
    about = upload_to_iam(cloud, old, "old")
    viewer = {"IAMCertificateId": about["ServerCertificateId"], "SSLSupportMethod": "sni-only"}
    distribute(cloud, viewer, "old.example", enabled=False)
    found = look(Distributions())
    (placed,) = of_kind(found, FoundCertificate)
    assert placed.parsed.sha256 == old.parsed.sha256
    assert placed.facts["certificate"] == about["Arn"]
    assert of_kind(found, FoundEndpoint) == []


def test_a_certificate_of_iam_that_cannot_be_had_is_a_trouble(cloud, monkeypatch):
    rows = [{"ARN": "arn:d", "Id": "D", "DomainName": "d.cloudfront.net", "Enabled": True,
             "ViewerCertificate": {"IAMCertificateId": "ASCA1"}}]  # fmt: skip

    def denied(options):
        raise refused("AccessDenied", "ListServerCertificates", 403)

    answers = {
        "ListDistributions": lambda _: {"DistributionList": {"Items": rows, "IsTruncated": False}},
        "ListServerCertificates": denied,
    }
    with answering(monkeypatch, answers):
        (trouble,) = look(Distributions())
    assert trouble.locator == "arn:d"
    assert trouble.message.endswith("Allow iam:ListServerCertificates.")

    def missing(options):
        raise refused("NoSuchEntity", "GetServerCertificate", 404)

    answers["ListServerCertificates"] = lambda _: {"ServerCertificateMetadataList": []}
    with answering(monkeypatch, {**answers, "GetServerCertificate": missing}):
        (trouble,) = look(Distributions())
    arn = f"arn:aws:iam::{ACCOUNT}:server-certificate/ASCA1"
    assert trouble == FoundTrouble("arn:d", f"It uses {arn}, which is no more.")


def zone(cloud, name, records, private=False):
    route53 = cloud.client("route53")
    vpc = {}
    if private:
        made = cloud.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        vpc = {
            "VPC": {"VPCRegion": cloud.region, "VPCId": made},
            "HostedZoneConfig": {"PrivateZone": True, "Comment": ""},
        }
    zone_id = route53.create_hosted_zone(Name=name, CallerReference=name, **vpc)["HostedZone"]["Id"]
    changes = [
        {"Action": "CREATE", "ResourceRecordSet": {"Name": record, "Type": kind, **more}}
        for record, kind, more in records
    ]
    route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})
    return zone_id.rpartition("/")[2]


def plain(value):
    return {"TTL": 60, "ResourceRecords": [{"Value": value}]}


ALIAS = {
    "AliasTarget": {
        "HostedZoneId": "Z2FDTNDATAQYW2", "DNSName": "d1.cloudfront.net.",
        "EvaluateTargetHealth": False,
    }
}  # fmt: skip


def test_names_that_may_lead_to_servers_are_proposed_with_their_zone(cloud):
    zone_id = zone(cloud, "shop.example.", [
        ("API.shop.example.", "A", plain("192.0.2.1")),
        ("api.shop.example.", "AAAA", plain("2001:db8::1")),
        ("www.shop.example.", "CNAME", plain("web.example.")),
        ("shop.example.", "A", ALIAS),
        ("*.shop.example.", "A", plain("192.0.2.1")),
        ("_token.shop.example.", "CNAME", plain("x.acm-validations.aws.")),
        ("mail.shop.example.", "MX", plain("10 mx.example.")),
    ])  # fmt: skip
    zone(cloud, "inner.example.", [("a.inner.example.", "A", plain("10.0.0.1"))], private=True)
    found = look(Zones())
    assert {each.name for each in found} == {"api.shop.example", "www.shop.example", "shop.example"}
    assert f"arn:aws:route53:::hostedzone/{zone_id} CNAME www.shop.example" in {
        each.locator for each in found
    }
    more = look(Zones(), private_zones=True)
    assert {each.name for each in more} - {each.name for each in found} == {"a.inner.example"}


def test_a_page_of_records_that_fails_ends_the_run_after_what_came_before(cloud, monkeypatch):
    def records(options):
        number = int(options.get("StartRecordIdentifier", 1))
        if number == 3:
            raise refused("Throttling", "ListResourceRecordSets")
        rows = [{"Name": f"n{number}.shop.example.", "Type": "A"}]
        return {"ResourceRecordSets": rows, "IsTruncated": True, "NextRecordName": "n",
                "NextRecordType": "A", "NextRecordIdentifier": str(number + 1)}  # fmt: skip

    listed = {"HostedZones": [{"Id": "/hostedzone/Z1"}], "IsTruncated": False}
    answers = {"ListHostedZones": lambda _: listed, "ListResourceRecordSets": records}
    with answering(monkeypatch, answers):
        found, message = look_until(Zones())
    assert [each.name for each in found] == ["n1.shop.example", "n2.shop.example"]
    assert message.startswith("Throttling: ")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("API.Example.com.", "api.example.com"),
        ("\\052.example.com.", ""),
        ("a\\055b.example.com.", "a-b.example.com"),
        ("_dmarc.example.com.", ""),
        ("com.", ""),
        ("", ""),
        ("a\\000.example.com", ""),
        ("a..example.com.", ""),
    ],
)
def test_how_route53_writes_names(written, name):
    assert host_name(written) == name

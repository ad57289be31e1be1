"""R53-01: names that lead to nobody, or into private networks."""

from datetime import timedelta

import pytest

from security.auditors import Later
from security.auditors.route53 import NameLeadsNowhere
from tests.security.auditing import NOW, FakeWorld, issues, item, verdicts

ELB = "shop-1234.eu-west-1.elb.amazonaws.com"
NLB = "shop-1234.elb.eu-west-1.amazonaws.com"
INVENTORY: dict[str, dict[str, dict[str, str]]] = {
    "aws.s3.bucket": {"www.example.com": {}, "files": {}},
    "aws.elbv2.loadbalancer": {"arn": {"dns_name": "Shop-1234.eu-west-1.elb.amazonaws.com"}},
    "aws.elb.loadbalancer": {},
    "aws.ec2.address": {"eipalloc-1": {"public_address": "203.0.113.1"}},
}
WORLD = FakeWorld(there=INVENTORY, gone={"aws.ec2.address": {"203.0.113.9"}})


def record(kind="CNAME", *values, alias=None, private=False, name="www.example.com."):
    config = {
        "private": private, "name": name, "type": kind, "values": list(values),
        "alias": alias and {"name": alias, "zone": "Z", "evaluates_health": False},
    }  # fmt: skip
    return item("aws.route53.record", config)


@pytest.mark.parametrize(
    ("about", "found"),
    [
        (record("A", "10.1.2.3"), [("private/10.1.2.3", 1)]),
        (record("A", "10.1.2.3", private=True), []),
        (record("A", "172.32.0.1", "no address"), []),
        (record("A", "203.0.113.1"), []),
        (record("A", "203.0.113.9"), [("address/203.0.113.9", 7)]),
        (record("A", "198.51.100.7"), []),
        (record("CNAME", "ec2-203-0-113-9.eu-west-1.compute.amazonaws.com"),
         [("address/203.0.113.9", 7)]),
        (record("CNAME", "files.s3.eu-west-1.amazonaws.com."), []),
        (record("CNAME", "gone.s3.amazonaws.com"), [("bucket/gone", 7)]),
        (record("CNAME", "gone.s3-website-eu-west-1.amazonaws.com"), [("bucket/gone", 7)]),
        (record("CNAME", "gone.s3-website.eu-central-1.amazonaws.com"), [("bucket/gone", 7)]),
        (record("A", alias="s3-website-eu-west-1.amazonaws.com."), []),
        (record("A", alias="s3-website-eu-west-1.amazonaws.com.", name="old.example.com."),
         [("bucket/old.example.com", 7)]),
        (record("A", alias=f"dualstack.{ELB}."), []),
        (record("CNAME", ELB), []),
        (record("A", alias=f"{NLB}."), [(f"load balancer/{NLB}", 7)]),
        (record("CNAME", "shop.example.net"), []),
        (record("TXT", '"10.1.2.3"'), []),
    ],
)  # fmt: skip
def test_what_a_record_leads_to(about, found):
    assert issues(NameLeadsNowhere, about, WORLD) == found


def test_what_was_not_listed_everywhere_may_still_be_there():
    there = {name: INVENTORY[name] for name in INVENTORY if name != "aws.elb.loadbalancer"}
    world = FakeWorld(there=there)
    assert issues(NameLeadsNowhere, record("CNAME", NLB), world) == [(f"load balancer/{NLB}", -1)]
    assert issues(NameLeadsNowhere, record("CNAME", ELB), world) == []


def test_a_record_is_looked_at_again_since_its_target_may_go():
    assert verdicts(NameLeadsNowhere, record("CNAME", ELB), WORLD) == [
        Later(NOW + timedelta(hours=6))
    ]
    assert verdicts(NameLeadsNowhere, record("CNAME", "shop.example.net"), WORLD) == []

"""Checks of VPCs, databases and load balancers: tables of configurations and what is said."""

import pytest

from security.auditors.databases import OpenDatabase
from security.auditors.load_balancers import WeakListener
from security.auditors.networks import (
    AclOpenToWorld,
    NoFlowLog,
    OpenEndpoint,
    WidePeeringRoute,
)
from tests.security.auditing import ACCOUNT, FakeWorld, issues, item, rule

V4, V6 = "0.0.0.0/0", "::/0"
SSH4, RDP4 = f"in/tcp/22-22/{V4}", f"in/tcp/3389-3389/{V4}"


def entry(number, action, cidr, port=None, protocol="tcp", direction="in", to=None):
    return {
        "direction": direction, "number": number, "action": action, "protocol": protocol,
        "from": port, "to": port if to is None else to, "cidr": cidr,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([entry(100, "allow", V4, protocol="all")], [SSH4, RDP4]),
        ([entry(100, "allow", V6, 22)], [f"in/tcp/22-22/{V6}"]),
        # The first one counts, wherever it is listed.
        ([entry(100, "allow", V4, 22), entry(90, "deny", V4, 22)], []),
        ([entry(90, "allow", V4, 22), entry(100, "deny", V4, 22)], [SSH4]),
        # Half of it is denied before, or another half is.
        ([entry(90, "deny", "0.0.0.0/1", 22), entry(100, "allow", V4, 22)], [SSH4]),
        ([entry(90, "deny", "0.0.0.0/1", 22), entry(91, "deny", "128.0.0.0/2", 22),
          entry(100, "allow", V4, 22)], []),
        ([entry(1, "allow", "0.0.0.0/1", 22), entry(2, "allow", "128.0.0.0/1", 20, to=30)],
         [SSH4]),
        ([entry(1, "allow", V4, 443), entry(2, "allow", "10.0.0.0/8", protocol="all")], []),
        ([entry(1, "allow", V4, 22, "udp"), entry(2, "allow", V4, 22, direction="out")], []),
        ([], []),
    ],
)  # fmt: skip
def test_whom_a_network_acl_lets_in(entries, expected):
    about = item("aws.ec2.networkacl", {"entries": entries})
    assert [subject for subject, _ in issues(AclOpenToWorld, about)] == expected


def flow_log(resource="r-1", status="ACTIVE", traffic="ALL", delivery="SUCCESS"):
    return {"resource": resource, "status": status, "traffic": traffic, "delivery": delivery}


@pytest.mark.parametrize(
    ("logs", "expected"),
    [
        ([flow_log()], []),
        ([flow_log(traffic="REJECT", delivery=None)], []),
        ([flow_log(traffic="ACCEPT")], [("", 5)]),
        ([flow_log(delivery="FAILED")], [("", 5)]),
        ([flow_log(status="INACTIVE")], [("", 5)]),
        ([flow_log(resource="subnet-1")], [("", 5)]),
        ([flow_log(delivery="FAILED"), flow_log()], []),
        ([], [("", 5)]),
    ],
)
def test_a_vpc_is_to_have_a_working_flow_log(logs, expected):
    world = FakeWorld(there={"aws.ec2.flowlog": dict(enumerate(logs))})
    assert issues(NoFlowLog, item("aws.ec2.vpc", {"owner": ACCOUNT}), world) == expected


def test_flow_logs_that_were_not_read_are_no_missing_ones_and_those_of_others_are_theirs():
    assert issues(NoFlowLog, item("aws.ec2.vpc", {"owner": ACCOUNT})) == [("", -1)]
    shared = item("aws.ec2.vpc", {"owner": "9" * 12})
    assert issues(NoFlowLog, shared, FakeWorld(there={"aws.ec2.flowlog": {}})) == []


def statement(principal="*", action="*", resource="*", **more):
    return {
        "Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource, **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([statement()], [2]),
        ([statement({"AWS": "*"})], [2]),
        ([statement(action="s3:GetObject")], []),
        ([statement(resource="arn:aws:s3:::mine/*")], []),
        ([statement(Condition={"StringEquals": {"aws:PrincipalAccount": ACCOUNT}})], []),
        ([statement({"AWS": "111111111111"}, "s3:GetObject")], [6]),
        ([statement({"AWS": ACCOUNT})], []),
        ([statement(Effect="Deny")], []),
    ],
)
def test_whom_an_endpoint_lets_in(statements, expected):
    policy = {"Version": "2012-10-17", "Statement": statements}
    world = FakeWorld(trusted={"*": "PUBLIC"})
    about = item("aws.ec2.vpcendpoint", {"policy": policy})
    assert [score for _, score in issues(OpenEndpoint, about, world)] == expected


def test_an_endpoint_policy_that_is_none_is_said_so():
    about = item("aws.ec2.vpcendpoint", {"policy": {"Malformed": "x"}})
    assert [score for _, score in issues(OpenEndpoint, about)] == [-1]
    assert issues(OpenEndpoint, item("aws.ec2.vpcendpoint", {"policy": None})) == []


PEERED = {
    "pcx-1": {
        "requester": {"vpc": "vpc-1", "cidrs": ["10.1.0.0/16"]},
        "accepter": {"vpc": "vpc-2", "cidrs": ["10.2.0.0/16", "10.3.0.0/24"]},
    }
}


def route(destination, target="pcx-1", kind="peering"):
    return {"destination": destination, "target": target, "kind": kind}


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        ([route("10.2.0.0/16")], ["pcx-1/10.2.0.0/16"]),
        ([route("10.2.0.0/17"), route("10.2.128.0/17")], ["pcx-1/10.2.0.0/16"]),
        ([route("10.0.0.0/8")], ["pcx-1/10.2.0.0/16", "pcx-1/10.3.0.0/24"]),
        ([route("0.0.0.0/0")], ["pcx-1/0.0.0.0/0"]),
        ([route("pl-1")], ["pcx-1/10.3.0.0/24"]),
        ([route("10.2.7.0/24")], []),
        ([route("10.1.0.0/16")], []),
        ([route("10.2.0.0/16", "tgw-1", "transit gateway")], []),
        ([route("10.2.7.0/24", "pcx-9")], ["pcx-9 ?"]),
        ([route("pl-secret")], ["pcx-1 ?"]),
    ],
)
def test_how_much_of_the_other_vpc_is_routed(routes, expected):
    world = FakeWorld(
        there={
            "aws.ec2.peering": PEERED,
            "aws.ec2.prefixlist": {
                "pl-1": {"entries": [{"cidr": "10.3.0.0/24"}]}, "pl-secret": {},
            },
        }
    )  # fmt: skip
    about = item("aws.ec2.routetable", {"vpc": "vpc-1", "routes": routes})
    found = issues(WidePeeringRoute, about, world)
    assert [name if score == 2 else f"{name} ?" for name, score in found] == expected


OPEN, SHUT = {"rules": [rule(V4, 5432)]}, {"rules": [rule("10.0.0.0/8", 5432)]}
HALF, OTHER_HALF = (
    {"rules": [rule("0.0.0.0/2", 5000, to=6000)]}, {"rules": [rule("64.0.0.0/2", 5432)]},
)  # fmt: skip
LISTED = {"rules": [rule("pl-secret", 5432)]}


@pytest.mark.parametrize(
    ("public", "encrypted", "groups", "expected"),
    [
        (True, True, [OPEN], [("public", 9)]),
        (True, True, [SHUT], [("public", 5)]),
        (True, True, [HALF, OTHER_HALF], [("public", 9)]),
        (True, True, [LISTED], [("public", -1)]),
        (True, True, [SHUT, None], [("public", -1)]),
        (True, False, [], [("public", 5), ("unencrypted", 3)]),
        (False, True, [OPEN], []),
        (None, None, [OPEN], []),
    ],
)
def test_a_database_is_to_be_private_and_encrypted(public, encrypted, groups, expected):
    names = [f"sg-{number}" for number in range(len(groups))]
    there = {name: config for name, config in zip(names, groups, strict=True) if config}
    config = {"public": public, "encrypted": encrypted, "groups": names, "port": 5432}
    about = item("aws.rds.instance", config)
    assert issues(OpenDatabase, about, FakeWorld(there={"aws.ec2.securitygroup": there})) == (
        expected
    )


def test_a_public_database_without_a_port_is_undecided():
    config = {"public": True, "encrypted": True, "groups": [], "port": None}
    assert issues(OpenDatabase, item("aws.rds.instance", config)) == [("public", -1)]


REDIRECT = {"type": "redirect", "redirect": {"protocol": "HTTPS"}}
SAME_PROTOCOL = {"type": "redirect", "redirect": {"protocol": "#{protocol}"}}
FORWARD = {"type": "forward", "redirect": None}
FIXED = {"type": "fixed-response", "redirect": None}
POLICIES = {
    "old": {"protocols": ["TLSv1", "TLSv1.1", "TLSv1.2"]},
    "newer": {"protocols": ["TLSv1.1", "TLSv1.2"]},
    "new": {"protocols": ["TLSv1.2", "TLSv1.3"]},
}


def balancer(port, protocol, policy=None, actions=(FORWARD,), rules=None, **fields):
    listener = {"protocol": protocol, "ssl_policy": policy, "actions": list(actions)}
    config = {
        "scheme": "internet-facing", "listeners": {port: listener},
        "rules": {port: rules or {}}, "ssl_policies": POLICIES,
    }  # fmt: skip
    return item("aws.elbv2.loadbalancer", config, **fields)


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        (balancer("443", "HTTPS", "old"), [("443/tls", 8)]),
        (balancer("443", "TLS", "newer"), [("443/tls", 5)]),
        (balancer("443", "HTTPS", "new"), []),
        (balancer("443", "HTTPS", "not listed"), [("443/tls", -1)]),
        (balancer("443", "HTTPS", "new", unknown={"ssl_policies": {}}), [("443/tls", -1)]),
        (balancer("80", "HTTP"), [("80/http", 2)]),
        (balancer("80", "HTTP", actions=[REDIRECT]), []),
        (balancer("80", "HTTP", actions=[SAME_PROTOCOL]), [("80/http", 2)]),
        (balancer("80", "HTTP", actions=[REDIRECT], rules={"5": {"actions": [FORWARD]}}),
         [("80/http", 2)]),
        (balancer("80", "HTTP", actions=[REDIRECT], rules={"5": {"actions": [FIXED]}}), []),
        (balancer("80", "HTTP", actions=[REDIRECT], unknown={"rules": {}}), [("80/http", -1)]),
        (balancer("53", "UDP"), []),
    ],
)  # fmt: skip
def test_what_listeners_on_the_internet_speak(about, expected):
    assert issues(WeakListener, about) == expected


def classic(protocol, policies, scheme="internet-facing"):
    listener = {"protocol": protocol, "policies": policies}
    config = {
        "scheme": scheme, "listeners": {"443": listener},
        "tls": {"mine": {"protocols": ["SSLv3", "TLSv1.2"]}, "good": {"protocols": ["TLSv1.2"]}},
    }  # fmt: skip
    return item("aws.elb.loadbalancer", config)


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        (classic("HTTPS", ["sticky", "mine"]), [("443/tls", 8)]),
        (classic("SSL", ["good"]), []),
        (classic("HTTPS", []), [("443/tls", -1)]),
        (classic("HTTP", []), [("443/http", 2)]),
        (classic("TCP", []), []),
        (classic("HTTP", [], scheme="internal"), []),
    ],
)
def test_what_classic_listeners_on_the_internet_speak(about, expected):
    assert issues(WeakListener, about) == expected

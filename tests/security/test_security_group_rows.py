"""What AWS answers of security groups, in all its spellings, becomes one form."""

import json

import pytest

from security.collectors.ec2_security_groups import SecurityGroups
from security.normalise import settle
from tests.alerts.moto import ACCOUNT
from tests.security.looking import access, canonical


def group(*permissions, **more):
    return {"GroupId": "sg-1", "GroupName": "web", "IpPermissions": list(permissions), **more}


def rows(*permissions):
    found = SecurityGroups.found(group(*permissions), access())
    return [
        (row["protocol"], row["from"], row["to"], row["kind"], row["peer"])
        for row in canonical(SecurityGroups, found).config["rules"]
    ]


def permission(protocol, first=None, last=None, **peers):
    ports = {} if first is None else {"FromPort": first, "ToPort": last}
    return {"IpProtocol": protocol, **ports, **peers}


ANY = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (permission("-1", **ANY), ("all", None, None)),
        (permission("-1", -1, -1, **ANY), ("all", None, None)),
        (permission("-1", 0, 65535, **ANY), ("all", None, None)),
        (permission("6", 22, 22, **ANY), ("tcp", 22, 22)),
        (permission("TCP", 22, 22, **ANY), ("tcp", 22, 22)),
        (permission("17", 53, 53, **ANY), ("udp", 53, 53)),
        (permission("icmp", -1, -1, **ANY), ("icmp", None, None)),
        (permission("1", 8, 0, **ANY), ("icmp", 8, 0)),
        (permission("58", **ANY), ("icmpv6", None, None)),
        (permission("50", **ANY), ("50", None, None)),
    ],
)
def test_protocols_and_ports(given, expected):
    assert [row[:3] for row in rows(given)] == [expected]


@pytest.mark.parametrize(
    ("peers", "expected"),
    [
        ({"IpRanges": [{"CidrIp": "10.1.2.3/8"}]}, ("ipv4", "10.0.0.0/8")),
        ({"Ipv6Ranges": [{"CidrIpv6": "2001:DB8::1/32"}]}, ("ipv6", "2001:db8::/32")),
        ({"PrefixListIds": [{"PrefixListId": "pl-1"}]}, ("prefixlist", "pl-1")),
        # Of another account, over a peering; and one whose owner is left out.
        ({"UserIdGroupPairs": [{"UserId": "9" * 12, "GroupId": "sg-2", "VpcId": "vpc-9",
                                "VpcPeeringConnectionId": "pcx-1", "PeeringStatus": "active"}]},
         ("group", f"{'9' * 12}/sg-2")),
        ({"UserIdGroupPairs": [{"GroupId": "sg-2"}]}, ("group", f"{ACCOUNT}/sg-2")),
        ({"UserIdGroupPairs": [{"UserId": "amazon-elb", "GroupName": "amazon-elb-sg"}]},
         ("group", "amazon-elb/amazon-elb-sg")),
    ],
)  # fmt: skip
def test_peers(peers, expected):
    assert [row[3:] for row in rows(permission("6", 22, 22, **peers))] == [expected]


def test_what_is_allowed_twice_is_there_twice():
    """Descriptions tell them apart: AWS merges the rules, but not their descriptions."""
    peers = [{"CidrIp": "10.0.0.0/8", "Description": text} for text in ("a", "b")]
    assert len(rows(permission("6", 22, 22, IpRanges=peers))) == 2


def test_names_and_descriptions_may_hold_anything():
    text = "\x1b[31mred\x00\u202e\ud800" + "x" * 5000
    row = group(
        permission("6", 22, 22, IpRanges=[{"CidrIp": "10.0.0.0/8", "Description": text}]),
        GroupName=text, Description=text, Tags=[{"Key": text, "Value": text}],
    )  # fmt: skip
    found = SecurityGroups.found(row, access())
    settled = settle(found.config, SecurityGroups.shape, secret=b"x")
    written = json.dumps(settled.config, ensure_ascii=False)
    assert "\\u0000" not in json.dumps(settled.config)
    assert written.encode()

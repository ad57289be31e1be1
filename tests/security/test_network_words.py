"""Changes of networks in a line."""

import pytest

from security.collectors import Collector
from security.collectors.ec2_interfaces import NetworkInterfaces
from security.collectors.ec2_network_acls import NetworkAcls
from security.collectors.ec2_route_tables import RouteTables
from security.diff import compare, summary_of

ENTRY = {
    "direction": "in", "number": 100, "action": "deny", "protocol": "tcp", "from": 22, "to": 22,
    "icmp_type": None, "icmp_code": None, "cidr": "0.0.0.0/0",
}  # fmt: skip
ROUTE = {"destination": "10.0.0.0/8", "kind": "peering", "target": "pcx-1", "origin": "CreateRoute"}
ADDRESS = {"address": "10.1.2.3", "primary": True, "public": None, "public_owner": None}


@pytest.mark.parametrize(
    ("collector", "path", "old", "new", "expected"),
    [
        (NetworkAcls, "entries", None, ENTRY, "+ in 100 deny tcp 22 0.0.0.0/0"),
        (NetworkAcls, "entries", ENTRY, {**ENTRY, "action": "allow"},
         '~ in 100 tcp 22 0.0.0.0/0: action "deny" → "allow"'),
        (NetworkAcls, "entries", ENTRY, {**ENTRY, "to": 23},
         "~ in 100 deny 0.0.0.0/0: to 22 → 23"),
        (RouteTables, "routes", ROUTE, None, "- route to 10.0.0.0/8 by pcx-1"),
        (RouteTables, "routes", ROUTE, {**ROUTE, "target": "pcx-2"},
         '~ route to 10.0.0.0/8: target "pcx-1" → "pcx-2"'),
        (NetworkInterfaces, "addresses", None, ADDRESS, "+ 10.1.2.3"),
        (NetworkInterfaces, "addresses", None, {**ADDRESS, "public": "192.0.2.1"},
         "+ 10.1.2.3, public 192.0.2.1"),
    ],
)  # fmt: skip
def test_what_a_change_is_called(
    collector: type[Collector], path: str, old: object, new: object, expected: str
) -> None:
    before, after = ({path: [row] if row else []} for row in (old, new))
    ops = compare(before, after, collector.shape)
    assert summary_of(ops, collector.shape, collector.words) == expected

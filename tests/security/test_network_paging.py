"""Listings go on until AWS says that there is no more: moto gives all on one page."""

import pytest
from botocore.stub import Stubber

from opsportal.lib.aws.access import forget_clients
from security.collectors.autoscaling_groups import AutoScalingGroups
from security.collectors.ec2 import Ec2Collector
from security.collectors.ec2_endpoints import Peerings, VpcEndpoints
from security.collectors.ec2_flow_logs import FlowLogs
from security.collectors.ec2_gateways import InternetGateways, NatGateways
from security.collectors.ec2_instances import Instances
from security.collectors.ec2_interfaces import NetworkInterfaces
from security.collectors.ec2_network_acls import NetworkAcls
from security.collectors.ec2_prefix_lists import PrefixLists
from security.collectors.ec2_route_tables import RouteTables
from security.collectors.ec2_security_groups import SecurityGroups
from security.collectors.ec2_vpcs import Subnets, Vpcs
from security.collectors.elb import ClassicLoadBalancers
from security.collectors.elbv2 import LoadBalancers
from security.collectors.rds import DbClusters, DbInstances
from tests.alerts.moto import CREDENTIALS
from tests.security.looking import access

OF_EC2: tuple[type[Ec2Collector], ...] = (
    FlowLogs, InternetGateways, Instances, NatGateways, NetworkAcls, NetworkInterfaces, Peerings,
    PrefixLists, RouteTables, SecurityGroups, Subnets, VpcEndpoints, Vpcs,
)  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def _no_cloud():
    """The same clients in all tests: making one costs more than a test."""
    forget_clients()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        yield
    forget_clients()


def names(collector):
    return [found.resource_id for page in collector.pages(access()) for found in page]


def row_of(collector, number):
    row = {collector.key: f"id-{number}"}
    return {"Instances": [row]} if collector is Instances else row


@pytest.mark.parametrize("collector", OF_EC2, ids=lambda found: found.slug)
def test_all_pages_of_ec2_are_read(collector):
    with Stubber(access().client("ec2")) as stub:
        asked = {"MaxResults": collector.page_size, **collector.options}
        rows = collector.rows
        pages = [
            ({rows: [row_of(collector, 1)], "NextToken": "more"}, asked),
            ({rows: []}, {**asked, "NextToken": "more"}),
        ]
        # An empty page in between is not the last one.
        pages[1][0]["NextToken"] = "yet more"
        pages.append(({rows: [row_of(collector, 2)]}, {**asked, "NextToken": "yet more"}))
        for answer, expected in pages:
            if collector in (Vpcs, PrefixLists) and answer[rows]:
                add_details(stub, collector, answer, expected)
            else:
                stub.add_response(collector.operation, answer, expected)
        assert names(collector) == ["id-1", "id-2"]
        stub.assert_no_pending_responses()


def add_details(stub, collector, answer, expected):
    """The page, and what is asked of its only row."""
    stub.add_response(collector.operation, answer, expected)
    if collector is PrefixLists:
        entries = [{"Cidr": "10.0.0.0/8"}], [{"Cidr": "192.0.2.0/24"}]
        stub.add_response(
            "get_managed_prefix_list_entries", {"Entries": entries[0], "NextToken": "x"}
        )
        stub.add_response("get_managed_prefix_list_entries", {"Entries": entries[1]})
        return
    for name in ("EnableDnsSupport", "EnableDnsHostnames"):
        stub.add_response("describe_vpc_attribute", {name: {"Value": True}})


def test_all_entries_of_a_prefix_list_are_read():
    with Stubber(access().client("ec2")) as stub:
        add_details(stub, PrefixLists, {"PrefixLists": [{"PrefixListId": "pl-1"}]}, None)
        found = PrefixLists.fetch(access(), "pl-1")
    assert [row["cidr"] for row in found.config["entries"]] == ["10.0.0.0/8", "192.0.2.0/24"]


@pytest.mark.parametrize(
    ("collector", "operation", "rows", "key", "tokens"),
    [
        (AutoScalingGroups, "describe_auto_scaling_groups", "AutoScalingGroups",
         "AutoScalingGroupName", ("NextToken", "NextToken")),
        (DbInstances, "describe_db_instances", "DBInstances", "DBInstanceIdentifier",
         ("Marker", "Marker")),
        (DbClusters, "describe_db_clusters", "DBClusters", "DBClusterIdentifier",
         ("Marker", "Marker")),
    ],
)  # fmt: skip
def test_all_pages_of_others_are_read(collector, operation, rows, key, tokens):
    most = "MaxRecords"
    more = (
        {"MinSize": 0, "MaxSize": 1, "DesiredCapacity": 0, "DefaultCooldown": 1,
         "AvailabilityZones": ["a"], "HealthCheckType": "EC2", "CreatedTime": 0}
        if collector is AutoScalingGroups
        else {}
    )  # fmt: skip
    with Stubber(access().client(collector.service)) as stub:
        stub.add_response(
            operation, {rows: [{key: "id-1", **more}], tokens[0]: "more"}, {most: 100}
        )
        stub.add_response(
            operation, {rows: [{key: "id-2", **more}]}, {most: 100, tokens[1]: "more"}
        )
        assert names(collector) == ["id-1", "id-2"]
        stub.assert_no_pending_responses()


def test_all_pages_of_classic_load_balancers_are_read():
    with Stubber(access().client("elb")) as stub:
        for name, token, asked in (("a", {"NextMarker": "m"}, {}), ("b", {}, {"Marker": "m"})):
            rows = {"LoadBalancerDescriptions": [{"LoadBalancerName": name}], **token}
            stub.add_response("describe_load_balancers", rows, {"PageSize": 400, **asked})
            stub.add_response("describe_tags", {"TagDescriptions": []})
            stub.add_response("describe_load_balancer_attributes", {"LoadBalancerAttributes": {}})
        assert names(ClassicLoadBalancers) == ["a", "b"]


def test_all_pages_of_load_balancers_listeners_and_rules_are_read():
    listener = {"ListenerArn": "l", "Port": 80, "Protocol": "HTTP"}
    with Stubber(access().client("elbv2")) as stub:
        stub.add_response("describe_ssl_policies", {"SslPolicies": [], "NextMarker": "m"})
        stub.add_response("describe_ssl_policies", {"SslPolicies": []})
        for name, token, asked in (("a", {"NextMarker": "m"}, {}), ("b", {}, {"Marker": "m"})):
            rows = {"LoadBalancers": [{"LoadBalancerArn": name}], **token}
            stub.add_response("describe_load_balancers", rows, {"PageSize": 400, **asked})
            stub.add_response("describe_tags", {"TagDescriptions": []})
            stub.add_response("describe_listeners", {"Listeners": [], "NextMarker": "m"})
            stub.add_response("describe_listeners", {"Listeners": [listener]})
            stub.add_response("describe_load_balancer_attributes", {"Attributes": []})
            stub.add_response("describe_rules", {"Rules": [], "NextMarker": "m"})
            stub.add_response("describe_rules", {"Rules": [{"Priority": "7"}]})
        found = [row for page in LoadBalancers.pages(access()) for row in page]
        assert [row.resource_id for row in found] == ["a", "b"]
        assert [list(row.config["rules"]["80"]) for row in found] == [["7"], ["7"]]
        stub.assert_no_pending_responses()

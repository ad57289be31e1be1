"""Collectors of instances, load balancers and databases, against moto."""

import pytest

from opsportal.lib.aws import Unknown
from security.collectors.autoscaling_groups import AutoScalingGroups
from security.collectors.ec2_instances import Instances
from security.collectors.ec2_interfaces import NetworkInterfaces
from security.collectors.elb import ClassicLoadBalancers
from security.collectors.elbv2 import LoadBalancers
from security.collectors.rds import DbClusters, DbInstances
from tests.alerts.moto import ACCOUNT, REGION
from tests.security.looking import (
    access,
    assert_gone,
    differing,
    links,
    look,
    look_at,
    networks,
    refuse,
)


@pytest.fixture
def subnets(cloud):
    rows = cloud.client("ec2").describe_subnets()["Subnets"]
    return [row["SubnetId"] for row in rows][:2]


def test_an_instance_and_its_interface(cloud):
    (instance,) = cloud.launch(Name="web")
    seen = look_at(Instances, instance).config
    assert seen["tags"] == {"Name": "web"}
    assert ("has", seen["private_address"]) in networks(Instances, instance)
    (interface,) = seen["interfaces"]
    assert ("network interface", interface) in links(Instances, instance)
    assert ("used by", instance) in links(NetworkInterfaces, interface)
    before = look(Instances)
    cloud.client("ec2").stop_instances(InstanceIds=[instance])
    after = look(Instances)
    assert after[instance].config["state"] == "stopped"
    assert differing(before, after) == set()
    cloud.client("ec2").modify_instance_metadata_options(InstanceId=instance, HttpTokens="required")
    assert differing(before, look(Instances)) == {instance}
    cloud.client("ec2").terminate_instances(InstanceIds=[instance])
    assert_gone(Instances, instance)


def test_an_auto_scaling_group_and_its_members(cloud):
    members = cloud.scaling_group("front", 2)
    seen = look_at(AutoScalingGroups, "front").config
    assert (seen["launch_configuration"], seen["desired"]) == ("front", 2)
    assert {("member", member) for member in members} <= links(AutoScalingGroups, "front")
    scaling = cloud.client("autoscaling")
    before = look(AutoScalingGroups)
    scaling.set_desired_capacity(AutoScalingGroupName="front", DesiredCapacity=1)
    assert differing(before, look(AutoScalingGroups)) == set()
    scaling.update_auto_scaling_group(AutoScalingGroupName="front", MaxSize=20)
    assert differing(before, look(AutoScalingGroups)) == {"front"}
    scaling.delete_auto_scaling_group(AutoScalingGroupName="front", ForceDelete=True)
    assert_gone(AutoScalingGroups, "front")


def make_balancer(cloud, subnets):
    v2 = cloud.client("elbv2")
    arn = v2.create_load_balancer(Name="front", Subnets=subnets)["LoadBalancers"][0][
        "LoadBalancerArn"
    ]
    vpc = cloud.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    target = v2.create_target_group(Name="t", Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][
        0
    ]["TargetGroupArn"]
    certificate = cloud.client("acm").request_certificate(DomainName="example.com")[
        "CertificateArn"
    ]
    forward = {"Type": "forward", "TargetGroupArn": target}
    v2.create_listener(
        LoadBalancerArn=arn, Protocol="HTTPS", Port=443, DefaultActions=[forward],
        SslPolicy="ELBSecurityPolicy-2016-08", Certificates=[{"CertificateArn": certificate}],
    )  # fmt: skip
    redirect = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    listener = v2.create_listener(
        LoadBalancerArn=arn, Protocol="HTTP", Port=80,
        DefaultActions=[{"Type": "redirect", "RedirectConfig": redirect}],
    )["Listeners"][0]["ListenerArn"]  # fmt: skip
    rule = v2.create_rule(
        ListenerArn=listener, Priority=5, Actions=[forward],
        Conditions=[{"Field": "path-pattern", "Values": ["/old/*"]}],
    )["Rules"][0]["RuleArn"]  # fmt: skip
    return arn, listener, rule, target, certificate


def test_a_load_balancer_with_listeners_rules_certificates_and_policies(cloud, subnets):
    arn, listener, rule, target, certificate = make_balancer(cloud, subnets)
    seen = look_at(LoadBalancers, arn).config
    assert seen["listeners"]["443"]["ssl_policy"] == "ELBSecurityPolicy-2016-08"
    assert "TLSv1" in seen["ssl_policies"]["ELBSecurityPolicy-2016-08"]["protocols"]
    assert seen["certificates"] == {"443": [certificate]}
    assert seen["listeners"]["80"]["actions"][0]["redirect"]["protocol"] == "HTTPS"
    assert seen["rules"]["80"]["5"]["conditions"][0]["values"] == ["/old/*"]
    assert seen["attributes"]["deletion_protection.enabled"] == "false"
    assert {("target group", target), ("certificate", certificate)} <= links(LoadBalancers, arn)
    assert LoadBalancers.resource_of(listener) == LoadBalancers.resource_of(rule) == arn
    assert LoadBalancers.resource_of(arn) == arn
    v2 = cloud.client("elbv2")
    before = look(LoadBalancers)
    v2.modify_listener(ListenerArn=listener, Port=81)
    assert differing(before, look(LoadBalancers)) == {arn}
    refuse("elbv2", "DescribeRules")
    refuse("elbv2", "DescribeTags")
    denied = LoadBalancers.fetch(access(), arn).config
    assert isinstance(denied["rules"], Unknown)
    assert isinstance(denied["tags"], Unknown)
    assert not isinstance(denied["listeners"], Unknown)
    v2.delete_load_balancer(LoadBalancerArn=arn)
    assert_gone(LoadBalancers, arn)


def test_a_classic_load_balancer(cloud):
    classic = cloud.client("elb")
    classic.create_load_balancer(
        LoadBalancerName="old", AvailabilityZones=[f"{REGION}a"],
        Listeners=[
            {"Protocol": "tcp", "LoadBalancerPort": 443, "InstancePort": 8443},
            {"Protocol": "http", "LoadBalancerPort": 80, "InstancePort": 8080},
        ],
    )  # fmt: skip
    classic.create_load_balancer_policy(
        LoadBalancerName="old", PolicyName="tls", PolicyTypeName="SSLNegotiationPolicyType",
        PolicyAttributes=[
            {"AttributeName": "Protocol-TLSv1", "AttributeValue": "true"},
            {"AttributeName": "Protocol-TLSv1.2", "AttributeValue": "true"},
            {"AttributeName": "Protocol-SSLv3", "AttributeValue": "false"},
            {"AttributeName": "ECDHE-RSA-AES128-SHA", "AttributeValue": "true"},
        ],
    )  # fmt: skip
    before = look(ClassicLoadBalancers)
    classic.set_load_balancer_policies_of_listener(
        LoadBalancerName="old", LoadBalancerPort=443, PolicyNames=["tls"]
    )
    assert differing(before, look(ClassicLoadBalancers)) == {"old"}
    seen = look_at(ClassicLoadBalancers, "old").config
    assert seen["listeners"]["80"]["protocol"] == "HTTP"
    assert seen["tls"]["tls"] == {
        "reference": None, "protocols": ["TLSv1", "TLSv1.2"],
        "ciphers": ["ECDHE-RSA-AES128-SHA"], "server_order": False,
    }  # fmt: skip
    assert seen["attributes"]["access_log"] is False
    classic.delete_load_balancer(LoadBalancerName="old")
    assert_gone(ClassicLoadBalancers, "old")


def test_a_database_instance(cloud, subnets):
    rds = cloud.client("rds")
    group = cloud.client("ec2").create_security_group(GroupName="g", Description="d")["GroupId"]
    rds.create_db_subnet_group(
        DBSubnetGroupName="s", DBSubnetGroupDescription="d", SubnetIds=subnets
    )
    rds.create_db_instance(
        DBInstanceIdentifier="db", DBInstanceClass="db.t3.micro", Engine="postgres",
        MasterUsername="root", MasterUserPassword="password", AllocatedStorage=10,
        VpcSecurityGroupIds=[group], DBSubnetGroupName="s", PubliclyAccessible=True,
    )  # fmt: skip
    seen = look_at(DbInstances, "db").config
    assert (seen["public"], seen["port"], seen["groups"]) == (True, 5432, [group])
    assert seen["master_user"].startswith("hmac-sha256:")
    assert {("security group", group), ("subnet", subnets[0])} <= links(DbInstances, "db")
    before = look(DbInstances)
    assert differing(before, look(DbInstances)) == set()
    rds.modify_db_instance(DBInstanceIdentifier="db", BackupRetentionPeriod=9)
    assert differing(before, look(DbInstances)) == {"db"}
    rds.delete_db_instance(DBInstanceIdentifier="db", SkipFinalSnapshot=True)
    assert_gone(DbInstances, "db")


def test_a_database_cluster(cloud):
    rds = cloud.client("rds")
    rds.create_db_cluster(
        DBClusterIdentifier="c", Engine="aurora-mysql", MasterUsername="root",
        MasterUserPassword="password", StorageEncrypted=False,
    )  # fmt: skip
    seen = look_at(DbClusters, "c")
    assert seen.config["encrypted"] is False
    before = look(DbClusters)
    rds.modify_db_cluster(DBClusterIdentifier="c", DeletionProtection=True)
    assert differing(before, look(DbClusters)) == {"c"}
    rds.modify_db_cluster(DBClusterIdentifier="c", DeletionProtection=False)
    rds.delete_db_cluster(DBClusterIdentifier="c", SkipFinalSnapshot=True)
    assert_gone(DbClusters, "c")


@pytest.mark.parametrize(
    ("description", "service", "target"),
    [
        ("ELB app/front/50dc6c495c0c9188", "load balancer",
         f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/app/front/50dc6c495c0c9188"),
        ("ELB old", "load balancer", "old"),
        ("AWS Lambda VPC ENI-work-0f4a6d0e-1c2b-4a5e-9d8f-123456789abc", "lambda", "work"),
        ("RDSNetworkInterface", "rds", None),
        ("Interface for NAT Gateway nat-0a1b", "nat gateway", "nat-0a1b"),
        ("VPC Endpoint Interface vpce-0a1b", "vpc endpoint", "vpce-0a1b"),
        ("EFS mount target for fs-1 (fsmt-2)", "efs", None),
    ],
)  # fmt: skip
def test_whose_an_interface_is(description, service, target):
    row = {"NetworkInterfaceId": "eni-1", "Description": description}
    found = NetworkInterfaces.found(row, access())
    assert found.config["used_by"] == {"service": service, "id": target}


def test_an_interface_of_an_unknown_service_is_told_by_its_type():
    row = {"NetworkInterfaceId": "eni-1", "InterfaceType": "api_gateway_managed"}
    found = NetworkInterfaces.found(row, access())
    assert found.config["used_by"] == {"service": "api gateway managed", "id": None}

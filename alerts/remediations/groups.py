"""The group that an instance belongs to, and how many of it are healthy besides."""

from collections.abc import Mapping
from typing import Any

from alerts.remediations.aws import Account
from opsportal.safety.plugins import Check

GROUP = "opsportal:group"


def group_of(account: Account, described: Mapping[str, Any]) -> str:
    """`asg:<name>` of its auto-scaling group, else `tag:<value>`, else nothing.

    World-wide, since it says who else may not be acted on at the same time.
    """
    name = _scaling_group(account, described["InstanceId"])
    if name:
        return f"asg:{account.number}:{account.region}:{name}"
    value = _tag(described, GROUP)
    return f"tag:{account.number}:{account.region}:{value}" if value else ""


def check_group(account: Account, described: Mapping[str, Any], least: int) -> Check:
    """Whether at least `least` healthy peers remain without it."""
    name = "enough healthy peers"
    scaling = _scaling_group(account, described["InstanceId"])
    if scaling:
        healthy, text = _healthy_in_scaling_group(account, scaling, described["InstanceId"])
    elif value := _tag(described, GROUP):
        healthy, text = _healthy_of_tag(account, value, described["InstanceId"])
    else:
        text = f"it is in no auto-scaling group and has no tag {GROUP}: its peers are not known"
        return Check(name, least == 0, f"{text}; min_healthy is {least}")
    text = f"{text} has {healthy} healthy besides, min_healthy is {least}"
    return Check(name, healthy >= least, text)


def _scaling_group(account: Account, instance: str) -> str:
    client = account.look("autoscaling")
    found = client.describe_auto_scaling_instances(InstanceIds=[instance])["AutoScalingInstances"]
    return str(found[0]["AutoScalingGroupName"]) if found else ""


def _healthy_in_scaling_group(account: Account, name: str, instance: str) -> tuple[int, str]:
    """The least of what the group itself and each of its target groups say."""
    client = account.look("autoscaling")
    (group,) = client.describe_auto_scaling_groups(AutoScalingGroupNames=[name])[
        "AutoScalingGroups"
    ]
    peers = {
        member["InstanceId"]
        for member in group["Instances"]
        if member["LifecycleState"] == "InService" and member["HealthStatus"] == "Healthy"
    } - {instance}
    healthy, text = len(_passing(account, peers)), f"the auto-scaling group {name}"
    for arn in group.get("TargetGroupARNs", []):
        described = account.look("elbv2").describe_target_health(TargetGroupArn=arn)
        targets = {
            target["Target"]["Id"]
            for target in described["TargetHealthDescriptions"]
            if target["TargetHealth"]["State"] == "healthy"
        } - {instance}
        if len(targets) < healthy:
            healthy, text = len(targets), f"the target group {arn.rsplit(':', 1)[-1]}"
    return healthy, text


def _healthy_of_tag(account: Account, value: str, instance: str) -> tuple[int, str]:
    filters = [
        {"Name": f"tag:{GROUP}", "Values": [_literal(value)]},
        {"Name": "instance-state-name", "Values": ["running"]},
    ]
    pages = account.look("ec2").get_paginator("describe_instances").paginate(Filters=filters)
    peers = {
        found["InstanceId"]
        for page in pages
        for reservation in page["Reservations"]
        for found in reservation["Instances"]
        if _tag(found, GROUP) == value
    } - {instance}
    return len(_passing(account, peers)), f"the group {value} (tag {GROUP})"


def _literal(value: str) -> str:
    """The value as a filter takes it, where `*` and `?` mean anything."""
    return value.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")


def _passing(account: Account, instances: set[str]) -> set[str]:
    """Those that run and whose status checks pass."""
    passing: set[str] = set()
    if not instances:
        return passing
    pages = account.look("ec2").get_paginator("describe_instance_status")
    for page in pages.paginate(InstanceIds=sorted(instances)):
        for found in page["InstanceStatuses"]:
            statuses = {found["InstanceStatus"]["Status"], found["SystemStatus"]["Status"]}
            if found["InstanceState"]["Name"] == "running" and statuses == {"ok"}:
                passing.add(found["InstanceId"])
    return passing


def _tag(described: Mapping[str, Any], name: str) -> str:
    return next((tag["Value"] for tag in described.get("Tags", []) if tag["Key"] == name), "")

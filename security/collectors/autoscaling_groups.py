"""Auto Scaling groups.

Source: DescribeAutoScalingGroups in the Amazon EC2 Auto Scaling API reference. How many instances
there are, and which, is no configuration.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opsportal.lib.aws import Access, Gone
from security.collectors import Call, Collector, Link
from security.collectors.tags import tag_table
from security.normalise import Found, Shape

_GROUP = ("requestParameters.autoScalingGroupName",)


class AutoScalingGroups(Collector):
    """What launches instances by itself."""

    slug = "aws.autoscaling.group"
    label = "Auto Scaling groups"
    noun = "Auto Scaling group"
    service = "autoscaling"
    shape = Shape(
        sets=(
            "zones", "subnets", "target_groups", "load_balancers", "instances", "suspended",
            "mixed_instances.overrides",
        ),
        sequences=("termination_policies",),
        ephemeral=("desired", "instances"),
        operational=(
            "tags", "minimum", "maximum", "health_check", "suspended", "termination_policies",
            "mixed_instances", "protected",
        ),
    )  # fmt: skip
    actions = ("autoscaling:DescribeAutoScalingGroups",)
    event_source = "autoscaling"
    calls = (
        Call("CreateAutoScalingGroup", _GROUP),
        Call("UpdateAutoScalingGroup", _GROUP),
        Call("AttachLoadBalancers", _GROUP),
        Call("DetachLoadBalancers", _GROUP),
        Call("AttachLoadBalancerTargetGroups", _GROUP),
        Call("DetachLoadBalancerTargetGroups", _GROUP),
        Call("SuspendProcesses", _GROUP),
        Call("ResumeProcesses", _GROUP),
        Call("DeleteAutoScalingGroup", _GROUP, deletes=True),
    )

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """All groups."""
        pages = access.pages(
            "autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups",
            PaginationConfig={"PageSize": 100},
        )  # fmt: skip
        for page in pages:
            yield [_found(row) for row in page]

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """One. That there is none is told by an empty answer."""
        rows = access.rows(
            "autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups",
            AutoScalingGroupNames=[resource_id],
        )  # fmt: skip
        for row in rows:
            return _found(row)
        raise Gone(f"There is no Auto Scaling group {resource_id}.")

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """Where it launches, what it serves, and its members."""
        for kind, name in (
            ("subnet", "subnets"), ("target group", "target_groups"),
            ("load balancer", "load_balancers"), ("member", "instances"),
        ):  # fmt: skip
            for target in config[name]:
                yield Link(kind, target)
        if config["launch_template"]:
            yield Link("launch template", config["launch_template"]["id"])


def _found(row: Mapping[str, Any]) -> Found:
    name = str(row["AutoScalingGroupName"])
    tags = tag_table(row.get("Tags"))
    return Found(
        resource_id=name,
        arn=row.get("AutoScalingGroupARN", ""),
        name=name,
        tags=tags,
        config={
            "launch_configuration": row.get("LaunchConfigurationName"),
            "launch_template": _template(row.get("LaunchTemplate")),
            "mixed_instances": _mixed(row.get("MixedInstancesPolicy")),
            "minimum": row.get("MinSize"),
            "maximum": row.get("MaxSize"),
            "desired": row.get("DesiredCapacity"),
            "zones": list(row.get("AvailabilityZones", [])),
            "subnets": [name for name in row.get("VPCZoneIdentifier", "").split(",") if name],
            "target_groups": list(row.get("TargetGroupARNs", [])),
            "load_balancers": list(row.get("LoadBalancerNames", [])),
            "health_check": row.get("HealthCheckType"),
            "suspended": [inner["ProcessName"] for inner in row.get("SuspendedProcesses", [])],
            "termination_policies": list(row.get("TerminationPolicies", [])),
            "protected": row.get("NewInstancesProtectedFromScaleIn", False),
            "service_role": row.get("ServiceLinkedRoleARN"),
            "instances": [inner["InstanceId"] for inner in row.get("Instances", [])],
            "tags": tags,
        },
    )


def _template(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not row:
        return None
    return {
        "id": row.get("LaunchTemplateId") or row.get("LaunchTemplateName", ""),
        "name": row.get("LaunchTemplateName"),
        "version": row.get("Version"),
    }


def _mixed(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not row:
        return None
    template = row.get("LaunchTemplate") or {}
    return {
        "launch_template": _template(template.get("LaunchTemplateSpecification")),
        "overrides": [
            {
                "type": inner.get("InstanceType"),
                "launch_template": _template(inner.get("LaunchTemplateSpecification")),
            }
            for inner in template.get("Overrides", [])
        ],
    }

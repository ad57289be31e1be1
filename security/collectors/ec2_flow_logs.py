"""Flow logs: whether anybody writes down who talked to whom.

Source: DescribeFlowLogs in the Amazon EC2 API reference. Of an error in delivering them its text is
left out, and that there is one is kept.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from opsportal.lib.aws import Access
from security.collectors import Call, Link
from security.collectors.ec2 import Ec2Collector
from security.normalise import Shape

_MADE = "responseElements.CreateFlowLogsResponse.flowLogIdSet.item"
_DELETED = "requestParameters.DeleteFlowLogsRequest.FlowLogId"


class FlowLogs(Ec2Collector):
    """What is written down of a VPC, a subnet or an interface."""

    slug = "aws.ec2.flowlog"
    label = "Flow logs"
    noun = "flow log"
    operation, rows = "describe_flow_logs", "FlowLogs"
    key, ids, resource_type = "FlowLogId", "FlowLogIds", "vpc-flow-log"
    interval = timedelta(minutes=15)
    actions = ("ec2:DescribeFlowLogs",)
    gone = ("InvalidFlowLogId.NotFound",)
    shape = Shape(operational=("tags", "format", "aggregation_seconds"))
    calls = (
        Call("CreateFlowLogs", (_MADE, f"{_MADE}.*")),
        Call(
            "DeleteFlowLogs", (_DELETED, f"{_DELETED}.content", f"{_DELETED}.*.content"),
            deletes=True,
        ),
    )  # fmt: skip

    @classmethod
    def config(cls, row: Mapping[str, Any], access: Access) -> dict[str, Any]:
        """Of what, where to, and whether it works."""
        return {
            "resource": row.get("ResourceId"),
            "status": row.get("FlowLogStatus"),
            "traffic": row.get("TrafficType"),
            "delivery": row.get("DeliverLogsStatus"),
            "destination_type": row.get("LogDestinationType"),
            "destination": row.get("LogDestination") or row.get("LogGroupName"),
            "role": row.get("DeliverLogsPermissionArn"),
            "format": row.get("LogFormat"),
            "aggregation_seconds": row.get("MaxAggregationInterval"),
        }

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """What it is of, and the role that delivers it."""
        if config["resource"]:
            yield Link("of", config["resource"])
        if config["role"]:
            yield Link("role", config["role"])

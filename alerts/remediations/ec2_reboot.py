"""Reboot an EC2 instance."""

from typing import Any

from alerts.remediations.ec2 import Ec2Executor, account_of, describe_instance
from opsportal.safety.plugins import Call, Seen, Target


class Ec2Reboot(Ec2Executor):
    """An operating system's reboot; the instance keeps its addresses and disks."""

    slug = "ec2_reboot"
    label = "Reboot an EC2 instance"
    consent = "reboot"
    method = "reboot_instances"

    @classmethod
    def send(cls, client: Any, instance: str) -> str:
        """Send it."""
        answer = client.reboot_instances(InstanceIds=[instance])
        return f"accepted, request {answer['ResponseMetadata'].get('RequestId', '?')}"

    @classmethod
    def verify(cls, call: Call, target: Target) -> Seen:
        """It runs and its status checks pass; that it was rebooted, nothing shows."""
        account = account_of(target)
        instance = target.facts["instance"]
        state = describe_instance(account, instance)["State"]["Name"]
        if state != "running":
            return Seen("failed", f"the instance is {state}")
        answer = account.look("ec2").describe_instance_status(InstanceIds=[instance])
        for found in answer["InstanceStatuses"]:
            statuses = {found["InstanceStatus"]["Status"], found["SystemStatus"]["Status"]}
            if statuses == {"ok"}:
                return Seen("done", "the instance runs and its status checks pass")
        return Seen("pending", "the instance runs, its status checks do not pass yet")

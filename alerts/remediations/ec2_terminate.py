"""Terminate an EC2 instance: for good."""

from typing import Any

from alerts.remediations.ec2 import Ec2Executor, account_of, describe_instance
from opsportal.safety.plugins import Call, RefusedError, Seen, Target


class Ec2Terminate(Ec2Executor):
    """For members of groups that replace what is gone."""

    slug = "ec2_terminate"
    label = "Terminate an EC2 instance"
    consent = "terminate"
    method = "terminate_instances"
    proves = True

    @classmethod
    def send(cls, client: Any, instance: str) -> str:
        """Send it."""
        answer = client.terminate_instances(InstanceIds=[instance])
        states = [found["CurrentState"]["Name"] for found in answer["TerminatingInstances"]]
        return f"now {', '.join(states)}"

    @classmethod
    def verify(cls, call: Call, target: Target) -> Seen:
        """It is gone, or going."""
        try:
            described = describe_instance(account_of(target), target.facts["instance"])
        except RefusedError as error:
            # Gone ones are forgotten after an hour; but nor may "not allowed" pass for gone.
            return Seen("unknown", error.message)
        state = described["State"]["Name"]
        if state == "terminated":
            return Seen("done", "the instance is terminated")
        if state == "shutting-down":
            return Seen("pending", "the instance is shutting down")
        return Seen("failed", f"the instance is {state}")

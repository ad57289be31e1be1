"""A cloud on this machine: moto's server over HTTP, and instances in it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

ACCOUNT = "123456789012"
REGION = "eu-west-1"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
    # Nothing of the machine's own, and no look at the metadata service.
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass
class Cloud:
    """What tests do there."""

    url: str
    region: str = REGION

    def client(self, service: str, region: str = "") -> Any:
        """A client of the test's own."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region or self.region,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )

    def reset(self) -> None:
        """Forget everything."""
        boto3.session.Session()  # the credentials chain is warm
        import urllib.request

        request = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            answer.read()

    def image(self) -> str:
        """Any image."""
        return self.client("ec2").describe_images(Owners=["amazon"])["Images"][0]["ImageId"]

    def launch(self, number: int = 1, **tags: str) -> list[str]:
        """Instances with these tags; `group` and `remediate` are short for the portal's own."""
        names = {"group": "opsportal:group", "remediate": "opsportal:remediate"}
        given = [{"Key": names.get(name, name), "Value": value} for name, value in tags.items()]
        specification = [{"ResourceType": "instance", "Tags": given}] if given else []
        made = self.client("ec2").run_instances(
            ImageId=self.image(),
            MinCount=number,
            MaxCount=number,
            TagSpecifications=specification,
        )
        return [instance["InstanceId"] for instance in made["Instances"]]

    def tag(self, instance: str, name: str, value: str) -> None:
        """Set a tag."""
        tags = [{"Key": name, "Value": value}]
        self.client("ec2").create_tags(Resources=[instance], Tags=tags)

    def state(self, instance: str) -> str:
        """`running`, `terminated` ..."""
        found = self.client("ec2").describe_instances(InstanceIds=[instance])
        return found["Reservations"][0]["Instances"][0]["State"]["Name"]

    def scaling_group(self, name: str, size: int, targets: Sequence[str] = ()) -> list[str]:
        """An auto-scaling group, all its members opted in; their ids."""
        scaling = self.client("autoscaling")
        scaling.create_launch_configuration(
            LaunchConfigurationName=name, ImageId=self.image(), InstanceType="t3.micro"
        )
        scaling.create_auto_scaling_group(
            AutoScalingGroupName=name,
            LaunchConfigurationName=name,
            MinSize=0,
            MaxSize=10,
            DesiredCapacity=size,
            AvailabilityZones=[f"{self.region}a"],
            TargetGroupARNs=list(targets),
        )
        (group,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])[
            "AutoScalingGroups"
        ]
        members = [member["InstanceId"] for member in group["Instances"]]
        for member in members:
            self.tag(member, "opsportal:remediate", "all")
        return members


@contextmanager
def moto_cloud() -> Iterator[Cloud]:
    """The server, in this process, on a free port."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield Cloud(f"http://{host}:{port}")
    finally:
        server.stop()

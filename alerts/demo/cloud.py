"""The demo's cloud: moto's server, which speaks AWS's API and reboots nothing that exists.

It stands where AWS_ENDPOINT_URL says, so that the portal, started with the same environment, finds
it without knowing that it is no cloud.
"""

import importlib
import importlib.util
import logging
from typing import Any
from urllib.parse import urlsplit

import boto3

_SIZE = 4
_ANY_REGION = "us-east-1"  # to ask where calls would go, whether or not one is set
_IMAGE = "ami-12c6146b"  # moto starts whatever it is told to


class DemoCloud:
    """A few instances of one group, that may be rebooted, and one that must not be."""

    def __init__(self) -> None:
        self.instances: list[str] = []
        self.protected = ""

    @property
    def up(self) -> bool:
        """Whether there is one."""
        return bool(self.instances)

    def start(self) -> bool:
        """Start and fill it; False when the environment names none, or moto is not installed."""
        address = urlsplit(boto3.client("ec2", region_name=_ANY_REGION).meta.endpoint_url)
        if address.hostname != "127.0.0.1" or importlib.util.find_spec("moto") is None:
            return False
        # Its access log is nobody's news.
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        # A tool of the demo and the tests, so not among what the portal itself is installed with.
        server: Any = importlib.import_module("moto.server")
        # Nor what moto does not know: it says so in the answer, and the portal of its pages.
        logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
        server.ThreadedMotoServer("127.0.0.1", address.port, verbose=False).start()
        self._fill()
        return True

    def _fill(self) -> None:
        ec2 = boto3.client("ec2")
        for number in range(_SIZE + 1):
            guarded = number == _SIZE
            tags = {
                "Name": "billing-database" if guarded else f"checkout-{number + 1}",
                "opsportal:remediate": "all",
                "opsportal:group": "billing" if guarded else "checkout",
            }
            if guarded:
                tags["opsportal:protected"] = "true"
            made = ec2.run_instances(
                ImageId=_IMAGE,
                MinCount=1,
                MaxCount=1,
                InstanceType="t3.small",
                TagSpecifications=[
                    {
                        "ResourceType": "instance",
                        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
                    }
                ],
            )
            instance = made["Instances"][0]["InstanceId"]
            if guarded:
                self.protected = instance
            else:
                self.instances.append(instance)

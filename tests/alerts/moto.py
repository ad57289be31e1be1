"""A cloud on this machine: moto's server over HTTP, and instances in it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from threading import Thread
from typing import Any
from urllib.parse import parse_qs
from urllib.request import Request, urlopen

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

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


@cache
def _client(service: str, url: str, region: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


@cache
def _any_image(url: str) -> str:
    images = _client("ec2", url, REGION).describe_images(Owners=["amazon"])["Images"]
    # Where moto has none of Amazon's it starts whatever it is told to.
    return str(images[0]["ImageId"]) if images else "ami-12c6146b"


@dataclass
class Cloud:
    """What tests do there."""

    url: str
    recorder: "_Recorder"
    region: str = REGION

    def asked(self, action: str) -> int:
        """How often somebody asked for that action, such as `RebootInstances`."""
        return self.recorder.calls.count(action)

    def before(self, action: str, step_in: Callable[[], str | None]) -> None:
        """Do something before moto hears of an action; a text it returns is a 500 instead."""
        self.recorder.hooks[action] = step_in

    def client(self, service: str, region: str = "") -> Any:
        """A client of the test's own."""
        return _client(service, self.url, region or self.region)

    def reset(self) -> None:
        """Forget everything."""
        reset = Request(f"{self.url}/moto-api/reset", method="POST")
        with urlopen(reset, timeout=10) as answer:
            answer.read()
        self.recorder.calls.clear()
        self.recorder.hooks.clear()

    def image(self) -> str:
        """Any image; moto always has the same ones."""
        return _any_image(self.url)

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
        return str(found["Reservations"][0]["Instances"][0]["State"]["Name"])

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


class _Recorder:
    """Before moto: notes what is asked, and lets a test step in."""

    def __init__(self) -> None:
        self._app = DomainDispatcherApplication(create_backend_app)
        self.calls: list[str] = []
        # Action -> what happens before moto hears of it; a text it returns is a 500 instead.
        self.hooks: dict[str, Callable[[], str | None]] = {}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        action = parse_qs(body.decode(errors="replace")).get("Action", [""])[0]
        self.calls.append(action)
        if action in self.hooks and (failure := self.hooks[action]()):
            start_response("500 Internal Server Error", [("Content-Type", "text/xml")])
            return [failure.encode()]
        return self._app(environ, start_response)


class _Quiet(WSGIRequestHandler):
    def log(self, *args: Any) -> None:
        """Not a word."""


@contextmanager
def moto_cloud(port: int = 0) -> Iterator[Cloud]:
    """The server, in this process, on a free port."""
    recorder = _Recorder()
    server = make_server("127.0.0.1", port, recorder, threaded=True, request_handler=_Quiet)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Cloud(f"http://127.0.0.1:{server.server_port}", recorder)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

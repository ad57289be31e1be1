"""What goes wrong beside the day's own troubles: a link that flaps, a backup that falls silent,
instances that are sick. All of it live: it is about what the portal does meanwhile."""

from collections.abc import Iterator
from typing import Any

import boto3

from alerts.demo.cloud import DemoCloud
from alerts.demo.mail import DemoMail
from alerts.demo.setting import cloud_configuration
from opsportal.accounts.actors import COMMAND_LINE
from opsportal.lib.times import utc_now
from opsportal.runtime.demo import Stage
from opsportal.safety.leash import set_leash
from opsportal.safety.models import GLOBAL

_BEAT_SECONDS = 15.0
_TIMEOUT = 1800


def _until_live(stage: Stage) -> Iterator[float]:
    """Wait until the past has been played."""
    while stage.behind:
        yield 30.0


class _Trouble:
    """Base of the demos that need no configuration."""

    def configuration(self, stage: Stage) -> str:
        """Nothing."""
        del stage
        return ""


class MailDemo(_Trouble):
    """A mail server that tells of each letter, where the portal was started to use one here."""

    slug = "mail"

    def play(self, stage: Stage) -> Iterator[float]:
        """Start it; the letters come by themselves."""
        DemoMail(stage.tell).start()
        yield from ()


class FlappingDemo(_Trouble):
    """A link goes up and down: told once, with its rate, and no more until it is calm."""

    slug = "flapping"

    def play(self, stage: Stage) -> Iterator[float]:
        """Every half hour."""
        yield from _until_live(stage)
        link = {
            "name": "LinkFlapping",
            "severity": "warning",
            "source": "demo",
            "service": "gateway",
            "resource": "uplink-2",
            "environment": "production",
            "region": "eu-west-1",
            "summary": "uplink-2 lost its carrier",
            "timeout": _TIMEOUT,
        }
        yield 45.0
        while True:
            for _ in range(8):
                stage.request("POST", "/api/v1/alerts", link)
                yield 6.0
                stage.request("POST", "/api/v1/alerts", {**link, "status": "resolved"})
                yield 6.0
            stage.tell("flapping     uplink-2 went up and down eight times; people hear of it once")
            yield 1500.0


class HeartbeatDemo(_Trouble):
    """A backup says that it is alive, then forgets to, then remembers."""

    slug = "heartbeat"

    def play(self, stage: Stage) -> Iterator[float]:
        """Three minutes of life, two of silence."""
        yield from _until_live(stage)
        path = "/api/v1/heartbeats/demo.nightly-backup"
        while True:
            for _ in range(12):
                stage.request("POST", path)
                yield _BEAT_SECONDS
            stage.tell("silent       the nightly backup is not heard of; somebody will be told")
            yield 120.0


class CloudDemo:
    """Instances fall ill: one after the other, until the caps say that this is enough."""

    slug = "cloud"

    def __init__(self) -> None:
        self.cloud = DemoCloud()

    def configuration(self, stage: Stage) -> str:
        """The cloud is started here, and the locks are opened: it reboots nothing that exists."""
        if not self.cloud.start():
            stage.tell("No cloud: the portal was not started by `make demo`, so nothing reboots.")
            return ""
        for lock in (GLOBAL, "ec2_reboot", "ec2_terminate"):
            set_leash(lock, armed=True, actor=COMMAND_LINE, now=utc_now())
        return cloud_configuration()

    def play(self, stage: Stage) -> Iterator[float]:
        """Once."""
        if not self.cloud.up:
            return
        yield from _until_live(stage)
        yield 20.0
        for number, instance in enumerate([*self.cloud.instances, self.cloud.protected]):
            name = (
                "billing-database" if instance == self.cloud.protected else f"checkout-{number + 1}"
            )
            body = _unhealthy(instance, name)
            stage.request("POST", "/api/v1/alerts", body)
            stage.tell(
                f"ill          {name} ({instance}) fails its health check: a rule reboots it"
            )
            yield 40.0
            if number == 0:
                stage.request("POST", "/api/v1/alerts", {**body, "status": "resolved"})
                stage.tell(f"well         {name} answers again")
        broken = {**_unhealthy(self.cloud.instances[-1], "checkout-4"), "name": "InstanceBroken"}
        broken["summary"] = "checkout-4 has lost its disk"
        stage.request("POST", "/api/v1/alerts", broken)
        stage.tell("broken       checkout-4 is to be terminated: a person has to approve it")
        yield 1.0


def _unhealthy(instance: str, name: str) -> dict[str, Any]:
    return {
        "name": "InstanceUnhealthy",
        "severity": "high",
        "source": "demo",
        "service": "checkout",
        "resource": instance,
        "environment": "production",
        "region": str(boto3.session.Session().region_name),
        "summary": f"{name} fails its health check",
        "labels": {"host": name},
        "timeout": _TIMEOUT,
    }

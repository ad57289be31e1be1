"""A day of changes for `manage.py demo`."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from opsportal.lib.times import format_instant
from opsportal.runtime.demo import Stage

_PATH = "/api/v1/events"
_SERVICES = ("billing", "checkout", "ledger", "gateway", "search", "catalogue", "mail", "login")
_OWNERS = {"billing": "payments", "checkout": "payments", "ledger": "payments"}
_PEOPLE = ("ann", "jo", "mika")
_REGIONS = ("eu-west-1", "us-east-1")
# Of yesterday, so that the first screen has something to show.
_BEFORE = 90
# One deployment of so many fails, and is rolled back.
_FAILS = 7


@dataclass(slots=True)
class _World:
    """What runs where, and what is set how."""

    random: Random
    builds: dict[str, int] = field(default_factory=dict)
    running: dict[tuple[str, str], str] = field(default_factory=dict)
    number: int = 0

    def change(
        self, kind: str, title: str, at: datetime, service: str, **facts: Any
    ) -> dict[str, Any]:
        """A body of one change of its own."""
        self.number += 1
        return {
            "kind": kind,
            "title": title,
            "service": service,
            "team": _OWNERS.get(service, "platform"),
            "environment": "production",
            "region": self.random.choice(_REGIONS),
            "actor": self.random.choice(_PEOPLE),
            "source": "demo",
            "external_id": f"demo-{at:%Y%m%d%H%M%S}-{self.number}",
            "started_at": format_instant(at),
        } | facts

    def version(self, service: str) -> str:
        """The next build of the service."""
        self.builds[service] = self.builds.get(service, self.random.randrange(100, 900)) + 1
        return f"2026.{self.builds[service]}"

    def deploy(self, at: datetime, environment: str, service: str, version: str) -> dict[str, Any]:
        """The start of a deployment."""
        before = self.running.get((service, environment), "")
        return self.change(
            "deployment",
            f"Deploy {service} {version}",
            at,
            service,
            environment=environment,
            version=version,
            previous_version=before,
            actor={"name": "deploy-bot", "type": "automation"},
            status="started",
            correlation_id=f"demo-{service}-{version}",
            repository=f"example/{service}",
            links=[{"href": f"https://ci.example.com/{service}/{version}", "text": "pipeline"}],
            data={"pipeline": {"stage": environment, "checks": ["unit", "browser", "canary"]}},
        )

    def finish(self, body: dict[str, Any], at: datetime, status: str) -> dict[str, Any]:
        """The end of what was begun."""
        if status == "succeeded":
            self.running[body["service"], body["environment"]] = body["version"]
        return body | {"status": status, "ended_at": format_instant(at)}

    def roll_back(self, body: dict[str, Any], at: datetime) -> dict[str, Any]:
        """A deployment undone."""
        good = body["previous_version"] or "2026.1"
        return self.change(
            "rollback",
            f"Roll {body['service']} back to {good}",
            at,
            body["service"],
            version=good,
            previous_version=body["version"],
            correlation_id=body["correlation_id"],
            tags=["hotfix"],
        )

    def small(self, at: datetime) -> dict[str, Any]:
        """A flag, a setting, a scaling: something that takes no time."""
        chance, service = self.random, self.random.choice(_SERVICES)
        deed = chance.choice((self._flag, self._config, self._scale, self._restart))
        return deed(at, service, chance.randrange(1, 9))

    def _flag(self, at: datetime, service: str, size: int) -> dict[str, Any]:
        share = {"before": size * 10, "after": size * 10 + 10}
        title = f"Flag {service}.new-basket for {share['after']} %"
        return self.change("flag", title, at, service, action="changed", **share)

    def _config(self, at: datetime, service: str, size: int) -> dict[str, Any]:
        pool = {"pool": {"size": size * 5, "timeout": "30s"}, "retries": 3}
        more = {"pool": {"size": size * 5 + 10, "timeout": "30s"}, "retries": 3}
        title = f"Connection pool of {service} from {size * 5} to {size * 5 + 10}"
        return self.change("config", title, at, service, action="changed", before=pool, after=more)

    def _scale(self, at: datetime, service: str, size: int) -> dict[str, Any]:
        who = {"name": "autoscaler", "type": "automation"}
        return self.change("scale", f"{service} to {size * 2} instances", at, service, actor=who)

    def _restart(self, at: datetime, service: str, size: int) -> dict[str, Any]:
        return self.change("restart", f"Restart of {service}-{size}", at, service)


class ChangeDemo:
    """Deployments that start and end, now and then one that fails; flags, settings, scaling."""

    slug = "changes"

    def configuration(self, stage: Stage) -> str:
        """Nothing: changes come by the demo's key."""
        return ""

    def play(self, stage: Stage) -> Iterator[float]:
        """Yesterday at once, then a deployment after the other with small changes between."""
        world = _World(stage.random)
        self._send(stage, [*_yesterday(world, stage.instant())])
        stage.tell(f"recorded     {_BEFORE} changes of the day before")
        step = 0
        while True:
            step += 1
            service = stage.random.choice(_SERVICES)
            version = world.version(service)
            for environment in ("staging", "production"):
                body = world.deploy(stage.instant(), environment, service, version)
                self._say(stage, "deploying", body)
                yield stage.random.uniform(20, 90)
                failed = environment == "production" and step % _FAILS == 3
                ended = world.finish(body, stage.instant(), "failed" if failed else "succeeded")
                self._say(stage, ended["status"], ended)
                yield stage.random.uniform(5, 30)
                if failed:
                    self._say(stage, "rolled back", world.roll_back(body, stage.instant()))
            for _ in range(stage.random.randrange(1, 4)):
                self._say(stage, "changed", world.small(stage.instant()))
                yield stage.random.uniform(10, 60)

    def _say(self, stage: Stage, deed: str, body: dict[str, Any]) -> None:
        self._send(stage, body)
        stage.tell(f"{deed:<12} {body['title']}, {body['environment']}")

    def _send(self, stage: Stage, body: object) -> None:
        status, answer = stage.request("POST", _PATH, body)
        if status >= 300:
            stage.tell(f"the portal answered {status}: {answer}")


def _yesterday(world: _World, now: datetime) -> Iterator[dict[str, Any]]:
    """Each over when it is told; more by day than at night."""
    chance = world.random
    for number in range(_BEFORE):
        at = now - timedelta(hours=24 * (1 - chance.betavariate(2, 1.3)), minutes=10)
        if number % 3:
            yield world.small(at)
            continue
        service = chance.choice(_SERVICES)
        environment = chance.choice(("staging", "production", "production"))
        body = world.deploy(at, environment, service, world.version(service))
        status = "failed" if number % (3 * _FAILS) == 0 else "succeeded"
        yield world.finish(body, at + timedelta(seconds=chance.randrange(60, 900)), status)

"""A day of alerts for `manage.py demo`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from alerts.demo.setting import PEOPLE, configuration_for
from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.people import ensure_person
from opsportal.lib.times import format_instant, utc_now
from opsportal.runtime.demo import Stage

_SERVICES = ("billing", "checkout", "ledger", "gateway", "search", "catalogue", "mail", "login")
_PLACES = (
    ("production", "eu-west-1"),
    ("production", "eu-west-1"),
    ("production", "us-east-1"),
    ("staging", "eu-west-1"),
)
# Name, severity, what it may worsen to, summary.
_PROBLEMS = (
    ("HighErrorRate", "high", "critical", "{value} % of requests fail"),
    ("HighLatency", "warning", "high", "the 99th percentile is at {value} ms"),
    ("DiskFilling", "low", "high", "the disk is {value} % full"),
    ("QueueGrowing", "warning", "high", "{value} jobs wait"),
    ("CertificateExpiring", "low", "warning", "the certificate ends in {value} hours"),
    ("BackupLate", "info", "warning", "no backup for {value} hours"),
    ("CrashLooping", "high", "critical", "restarted {value} times in ten minutes"),
    ("ReplicaLag", "warning", "critical", "the replica is {value} s behind"),
)
_NOTES = (
    "Looking at it.",
    "Known since the deployment at noon; the fix is on its way.",
    "Scaling out, give it ten minutes.",
    "Waiting for the provider's answer.",
)
_STORM = 300
_TIMEOUT = 1800


@dataclass(slots=True)
class _Problem:
    """One thing that is wrong in the played world."""

    body: dict[str, Any]
    worse: str
    summary: str
    alert_id: int = 0
    taken: bool = False


class AlertDemo:
    """Opens, repeats, worsens, resolves; people take, note and snooze; now and then a storm."""

    slug = "alerts"

    def __init__(self) -> None:
        self._open: list[_Problem] = []
        self._repeats = 0

    def configuration(self, stage: Stage) -> str:
        """People, two teams, channels (calm, flaky, dead), rules, and all that decides besides."""
        for name in PEOPLE:
            email = f"{name}@example.com"
            ensure_person(name, email, actor=COMMAND_LINE, now=utc_now())
        return configuration_for(stage.sink.url)

    def play(self, stage: Stage) -> Iterator[float]:
        """A storm early on, so that a newcomer sees one, and every quarter of an hour."""
        deeds = (
            (self._open_one, 4),
            (self._repeat, 12),
            (self._worsen, 1),
            (self._resolve, 3),
            (self._acknowledge, 2),
            (self._note, 1),
            (self._snooze, 1),
        )
        for _ in range(8):
            self._open_one(stage)
            yield 0.5
        step = 0
        while True:
            step += 1
            if step % 450 == 40:
                yield from self._storm(stage)
            (deed,) = stage.random.choices([d for d, _ in deeds], [w for _, w in deeds])
            deed(stage)
            yield stage.random.uniform(0.5, 3.5)

    def _post(self, stage: Stage, problem: _Problem, **changes: Any) -> str:
        problem.body.update(changes)
        value = round(problem.body["value"] * stage.random.uniform(0.9, 1.2))
        problem.body["value"] = value
        problem.body["summary"] = problem.summary.format(value=value)
        status, answer = stage.request("POST", "/api/v1/alerts", problem.body)
        if status not in {200, 201}:
            stage.tell(f"the portal answered {status}: {answer}")
            return ""
        problem.alert_id = answer["id"] or 0
        return str(answer["outcome"])

    def _say(self, stage: Stage, outcome: str, problem: _Problem, more: str = "") -> None:
        body = problem.body
        place = f"{body['service']} in {body['environment']}"
        stage.tell(f"{outcome:<12} {body['severity']:<8} {body['name']}, {place} {more}".rstrip())

    def _open_one(self, stage: Stage) -> None:
        chance = stage.random
        if len(self._open) > 40:
            self._resolve(stage)
            return
        name, severity, worse, summary = chance.choice(_PROBLEMS)
        service = chance.choice(_SERVICES)
        environment, region = chance.choice(_PLACES)
        body = {
            "name": name,
            "severity": severity,
            "source": "demo",
            "service": service,
            "resource": f"{service}-{chance.randrange(1, 9)}",
            "environment": environment,
            "region": region,
            "value": chance.randrange(20, 90),
            "labels": {"cluster": f"{environment[:4]}-{region}", "tier": chance.choice("ab")},
            "links": [{"href": f"https://dashboards.example.com/{service}", "text": "dashboard"}],
            "runbook_url": f"https://runbooks.example.com/{name}",
            "starts_at": format_instant(stage.instant()),
            "timeout": _TIMEOUT,
        }
        problem = _Problem(body, worse, summary)
        outcome = self._post(stage, problem)
        if outcome in {"opened", "reopened"}:
            self._open.append(problem)
            self._say(stage, outcome, problem)

    def _pick(self, stage: Stage) -> _Problem | None:
        return stage.random.choice(self._open) if self._open else None

    def _repeat(self, stage: Stage) -> None:
        if problem := self._pick(stage):
            self._post(stage, problem)
            self._repeats += 1
            if self._repeats % 50 == 0:
                stage.tell(f"repeated     {self._repeats} times so far, and nobody was told again")

    def _worsen(self, stage: Stage) -> None:
        problem = self._pick(stage)
        if problem and problem.body["severity"] != problem.worse:
            self._post(stage, problem, severity=problem.worse)
            problem.taken = False
            self._say(stage, "worsened", problem)

    def _resolve(self, stage: Stage) -> None:
        if problem := self._pick(stage):
            self._open.remove(problem)
            outcome = self._post(stage, problem, status="resolved")
            self._say(stage, outcome, problem)

    def _act(self, stage: Stage, problem: _Problem, verb: str, body: dict[str, Any]) -> bool:
        status, _ = stage.request("POST", f"/api/v1/alerts/{problem.alert_id}/{verb}", body)
        return status == 200

    def _acknowledge(self, stage: Stage) -> None:
        problem = self._pick(stage)
        if problem and not problem.taken:
            note = stage.random.choice(_NOTES)
            problem.taken = self._act(stage, problem, "acknowledge", {"note": note})
            self._say(stage, "acknowledged", problem, f"({note})")

    def _note(self, stage: Stage) -> None:
        if problem := self._pick(stage):
            note = stage.random.choice(_NOTES)
            if self._act(stage, problem, "notes", {"text": note}):
                self._say(stage, "noted", problem, f"({note})")

    def _snooze(self, stage: Stage) -> None:
        problem = self._pick(stage)
        if problem and self._act(stage, problem, "snooze", {"until": "15m"}):
            self._say(stage, "snoozed", problem, "(for 15 minutes)")

    def _storm(self, stage: Stage) -> Iterator[float]:
        """A switch dies and hundreds of hosts with it; all come back a minute later."""
        switch = {
            "name": "SwitchDown",
            "severity": "critical",
            "source": "demo",
            "service": "switch",
            "resource": "switch-7",
            "environment": "production",
            "region": "us-east-1",
            "summary": f"switch-7 is down, and {_STORM} hosts with it",
            "timeout": _TIMEOUT,
        }
        hosts = [
            {
                **switch,
                "name": "HostUnreachable",
                "resource": f"host-{number:03d}",
                "summary": f"host-{number:03d} does not answer",
            }
            for number in range(_STORM)
        ]
        for _ in range(3):
            status, answer = stage.request("POST", "/api/v1/alerts", [switch, *hosts])
            told = f"{answer['accepted']} alerts" if status == 200 else f"status {status}"
            stage.tell(f"a storm      {told}: a switch is down, and the hosts behind it")
            yield 20.0
        status, _ = stage.request(
            "POST", "/api/v1/alerts", [{**body, "status": "resolved"} for body in (switch, *hosts)]
        )
        stage.tell(f"calm         the switch is back, {_STORM} alerts are resolved")
        yield 1.0

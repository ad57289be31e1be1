"""Webhooks of whatever shape: a monitor of web sites that a mapping reads, and a build server that
nobody has made one for."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.keys import create_key
from opsportal.lib.times import format_instant, utc_now
from opsportal.runtime.demo import Stage

_SITES = ("shop", "blog", "status", "careers", "docs")
_STAGES = ("checkout", "compile", "unit tests", "package")
_CONFIGURATION = """
mappings:
  - name: demo site monitor
    keys: [{prefix}]
    condition: type == 'report'
    alerts: /checks
    fields:
      name: "'SiteDown'"
      dedup_key: /site
      status: /state
      severity: /priority
      summary: join(' ', [site, 'is', state])
      service: /site
      region: $/probe/region
      environment: "'production'"
      value: /milliseconds
      starts_at: /since
      link: /url
      timeout: "'30m'"
    labels: {{probe: $/probe/name}}
    statuses: {{down: firing, up: resolved, maintenance: ignore}}
    severities: {{urgent: critical, normal: high}}
rules:
  - name: demo sites
    match: '{{source="demo site monitor"}}'
    order: 945
    actions:
      - notify: demo payments chat
"""


class WebhookDemo:
    """Sites go down and come back; now and then the monitor says what its mapping knows not."""

    slug = "webhooks"

    def __init__(self) -> None:
        self._build_key = ""
        self._down: dict[str, str] = {}

    def configuration(self, stage: Stage) -> str:
        """The mapping of the demo's key; and a key that has none."""
        now = utc_now()
        self._build_key = create_key(
            "demo build server",
            ["alerts:write"],
            expires_at=now + timedelta(days=1),
            short=True,
            actor=COMMAND_LINE,
            now=now,
        )[1]
        return _CONFIGURATION.format(prefix=stage.key_prefix)

    def play(self, stage: Stage) -> Iterator[float]:
        """A report every half minute, a build every few minutes."""
        yield 5.0
        number = 0
        while True:
            if number % 8 == 0:
                self._build(stage, number)
            self._report(stage, number)
            number += 1
            yield stage.random.uniform(20.0, 40.0)

    def _report(self, stage: Stage, number: int) -> None:
        checks = [self._check(stage) for _ in range(stage.random.choice((1, 1, 2, 3)))]
        if number % 6 == 4:
            checks[-1]["state"] = "degraded"  # not in the table
        body = {
            "type": "test" if number % 9 == 7 else "report",
            "probe": {"name": "probe-2", "region": "eu-west-1"},
            "checks": checks,
        }
        status, answer = stage.request("POST", "/hooks/generic", body)
        if status == 202:
            outcomes = [alert["outcome"] for alert in answer["alerts"]]
            if "opened" in outcomes or "reopened" in outcomes:
                stage.tell("webhook      a site is down, says a payload that a mapping reads")
        else:
            stage.tell(f"webhook      refused, and kept as failed: {answer['message']}")

    def _check(self, stage: Stage) -> dict[str, Any]:
        chance = stage.random
        site = chance.choice(_SITES)
        if site in self._down:
            state, since = chance.choice(("up", "up", "down")), self._down[site]
        else:
            state, since = chance.choice(("up", "down", "maintenance")), ""
        since = since or format_instant(stage.instant())
        if state == "down":
            self._down[site] = since
        else:
            self._down.pop(site, None)
        return {
            "site": site,
            "url": f"https://{site}.example.com/",
            "state": state,
            "since": since,
            "priority": "urgent" if site == "shop" else "normal",
            "milliseconds": chance.randrange(80, 30_000),
        }

    def _build(self, stage: Stage, number: int) -> None:
        failed = stage.random.randrange(1, len(_STAGES))
        stages = [{"name": name, "ok": place < failed} for place, name in enumerate(_STAGES)]
        body = {
            "build": {
                "job": "nightly",
                "number": 800 + number,
                "result": "FAILURE",
                "url": f"https://ci.example.com/job/nightly/{800 + number}/",
                "stages": stages[: failed + 1],
            },
            "node": {"name": "builder-3"},
        }
        stage.request("POST", f"/hooks/generic/{self._build_key}", body)
        if number == 0:
            stage.tell("webhook      a build server sends what has no mapping: make one of it")

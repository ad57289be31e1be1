"""What is sent: the configuration, and the posts of the day with what they must come to."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

SERVICES = 20
BATCH = 64


def configuration(sink: str) -> str:
    """40 rules: critical alerts of each service are told, the rest are kept for the page."""
    rules = []
    for number in range(SERVICES):
        rules += [
            {
                "name": f"critical {number}",
                "match": f'{{service="service-{number}", severity="critical", cluster=~"eu-.+"}}',
                "order": number,
                "actions": [{"notify": "hook"}],
            },
            {
                "name": f"other {number}",
                "match": f'{{service="service-{number}", severity!="critical"}}',
                "order": 100 + number,
                "actions": [{"suppress": "read on the page"}],
            },
        ]
    channel = {"name": "hook", "kind": "webhook", "settings": {"url": sink}}
    return json.dumps({"channels": [channel], "rules": rules})  # JSON is YAML


# Run by `manage.py shell`: 20 silences, which hit one key in a hundred.
SILENCES = """
from datetime import timedelta
from alerts.change.silences import save_silence
from alerts.models import Silence
from opsportal.accounts.actors import COMMAND_LINE
from opsportal.lib.times import utc_now
now = utc_now()
for number in range(20):
    match = '{service="service-%d", instance=~".*00:9100"}' % number
    silence = Silence(match=match, starts_at=now, ends_at=now + timedelta(hours=8))
    silence.comment = "benchmark %d" % number
    save_silence(silence, actor=COMMAND_LINE, now=now)
"""


class Sender:
    """One of Prometheus's connections, with keys of its own; what it has said of each.

    An identity is (key, severity): worse is, as with Prometheus, the end of one alert and the
    beginning of another.
    """

    def __init__(self, number: int, keys: int) -> None:
        self.keys = [f"{number}-{n}" for n in range(keys)]
        self.random = random.Random(number)  # noqa: S311  (no secret)
        self.firing = dict.fromkeys(self.keys, "warning")
        self.acknowledged: Counter[tuple[str, str]] = Counter()
        self.attempted: Counter[tuple[str, str]] = Counter()
        self.last: dict[tuple[str, str], str] = {}
        self._place = self._change = self._new = 0

    def opening(self) -> Iterator[list[tuple[str, str, str]]]:
        """Posts that open every key once."""
        for start in range(0, len(self.keys), BATCH):
            yield [(key, "warning", "firing") for key in self.keys[start : start + BATCH]]

    def day(self, posts: int) -> Iterator[list[tuple[str, str, str]]]:
        """Posts of repeats; in one of twenty, each alert opens, worsens or ends something."""
        for number in range(posts):
            if number % 20 == 10:
                yield [said for _ in range(BATCH // 2) for said in self._changes()]
            else:
                yield [self._repeat() for _ in range(BATCH)]

    def _repeat(self) -> tuple[str, str, str]:
        while True:
            self._place = (self._place + 1) % len(self.keys)
            key = self.keys[self._place]
            if key in self.firing:
                return key, self.firing[key], "firing"

    def _changes(self) -> list[tuple[str, str, str]]:
        """Two statements: of one key that gets worse, or one that ends and one that is new."""
        self._change += 1
        key = self.keys[self._change * 7919 % len(self.keys)]
        if self.firing.get(key) == "warning" and self._change % 2:
            self.firing[key] = "critical"
            return [(key, "warning", "resolved"), (key, "critical", "firing")]
        self._new += 1
        fresh = f"{self.keys[0]}-new-{self._new}"
        ended = self.firing.pop(key, "warning")
        self.firing[fresh] = "critical"
        return [(key, ended, "resolved"), (fresh, "critical", "firing")]

    def note(self, post: list[tuple[str, str, str]], *, acknowledged: bool) -> None:
        """Keep account of a post that is about to leave, or was answered with 200."""
        counted = self.acknowledged if acknowledged else self.attempted
        for key, severity, status in post:
            if status == "firing":
                counted[key, severity] += 1
            if acknowledged:
                self.last[key, severity] = status


def body(post: list[tuple[str, str, str]], now: datetime) -> bytes:
    """As Prometheus writes it."""
    start = (now - timedelta(minutes=3)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    until = {
        "firing": (now + timedelta(minutes=4)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "resolved": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    return b"[" + ",".join([
        f'{{"labels":{{"alertname":"DiskFull","cluster":"eu-1","device":"/dev/nvme0n1",'
        f'"instance":"{key}:9100","job":"node","key":"{key}","service":"service-{_service(key)}",'
        f'"severity":"{severity}"}},"annotations":{{"summary":"The disk of {key} is nearly full",'
        f'"description":"Less than a tenth of the space of /var on {key} is left."}},'
        f'"startsAt":"{start}","endsAt":"{until[status]}",'
        f'"generatorURL":"http://prometheus:9090/graph?g0.expr=disk_free&g0.tab=1"}}'
        for key, severity, status in post
    ]).encode() + b"]"  # fmt: skip


def _service(key: str) -> int:
    return int(key.rsplit("-", 1)[1]) % SERVICES


def utc_now() -> datetime:
    """Now."""
    return datetime.now(UTC)

"""Whatever machines post, the answer says what is wrong with it and is never a 500."""

import json
from itertools import product
from typing import Any

import pytest
from django.test import Client

from alerts.models import Heartbeat, Schedule, Silence
from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.keys import SCOPES, create_key
from opsportal.accounts.models import Team, User
from opsportal.lib.times import utc_now

pytestmark = pytest.mark.django_db

RUBBISH: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 1e308, 10**30, -(10**18), "", "\0", "a\0b", "x" * 5000, "\u202e", " ",
    "../../etc/passwd", "Europe", "/", ".", "posixrules", "localtime", "É" * 64,
    [], {}, [[]], [None], ["x"] * 10_000, {"x": {"y": []}}, [{}], {"": ""},
    "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59",
    "+999999999w", "-999999999w", "999999w", "1970-01-01T00:00:00Z", "2199-12-31T23:59:59Z",
    "-5m", "0", "0s", "99999999d", "1h" * 40,
    "FREQ=SECONDLY", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;INTERVAL=999999999999999999999",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;COUNT=99999999999", "FREQ=DAILY;UNTIL=1",
    "FREQ=YEARLY;BYDAY=99MO", "FREQ=MONTHLY;BYSETPOS=0;BYDAY=MO", "FREQ=DAILY;BYHOUR=" + "1," * 90,
    'a=~"("', 'a=~"' + "(a{1000}){1000}" + '"', 'a=~"' + "(" * 500, 'a="' + "x" * 1900 + '"',
    " and ".join('a="b"' for _ in range(150)), "!" * 100, 'a=~"\\', 'team="\ud7ff"',
    "mon-fri 09:00-17:00", "mon 25:00-26:00", "00:00-00:00", "daily 99:99", "every 0s",
    "every 9999w", "mon-" * 50, "mon-fri 09:00-17:00 ../../etc/passwd",
)  # fmt: skip

SILENCE = {
    "name": "n", "match": 'service="a"', "comment": "c", "starts_at": "+1h", "ends_at": "+2h",
    "recurrence": "FREQ=DAILY", "zone": "UTC", "duration": "1h", "team": "payments",
    "end_when_unmatched": False,
}  # fmt: skip
SUBSCRIPTION = {
    "name": "n", "user": "root", "team": None, "match": 'a="b"', "min_severity": "info",
    "channel": None, "digest": "every 2h", "quiet_hours": "22:00-07:00", "zone": "UTC",
    "tell_resolved": True, "enabled": True,
}  # fmt: skip
OVERRIDE = {"user": "root", "starts_at": "now", "ends_at": "+2h", "note": "n"}
RULE = {
    "name": "n", "match": 'a="b"', "order": 1, "stop": False, "enabled": True, "team": "payments",
    "active_times": "mon-fri 09:00-17:00 UTC", "group_by": ["service"], "group_wait": "1m",
    "group_interval": "5m", "actions": [{"page": "payments"}],
}  # fmt: skip
BEAT = {"interval": "5m", "grace": "1m", "status": "ok", "message": "m"}
ACTIONS = (
    {"notify": ...}, {"suppress": ...}, {"set": ...}, {"set": {"severity": ...}},
    {"set": {"team": ...}}, {"set": {"runbook_url": ...}}, {"page": ...}, {"remediate": ...},
    {"remediate": "ec2_reboot", "with": ...}, {"remediate": "ec2_reboot", "dry_run": ...},
    {"remediate": "ec2_reboot", "approval": ...}, {"remediate": "webhook", "with": {"url": ...}},
    {"remediate": "ec2_reboot", "with": {"instance": ...}},
    {"remediate": "ec2_reboot", "with": {"cooldown": ...}},
    {"remediate": "ec2_reboot", "with": {"max_percent": ...}},
)  # fmt: skip


def _fill(value, rubbish):
    if value is ...:
        return rubbish
    if isinstance(value, dict):
        return {name: _fill(inner, rubbish) for name, inner in value.items()}
    return value


def _bodies(good):
    """The good body with one value that is rubbish; each field sees a quarter of what there is."""
    for (place, name), (number, rubbish) in product(enumerate(good), enumerate(RUBBISH)):
        if (place + number) % 4 == 0:
            yield good | {name: rubbish}
    yield from (value for value in RUBBISH if not isinstance(value, str))


class Sender:
    """Posts, and remembers what the portal could not bear."""

    def __init__(self):
        key = create_key("all", sorted(SCOPES), actor=COMMAND_LINE, now=utc_now())[1]
        self.headers = {"Authorization": f"Bearer {key}"}
        self.client = Client(raise_request_exception=False)
        self.failed: list[str] = []

    def send(self, method, path, body):
        text = json.dumps(body)
        answer = self.client.generic(
            method, f"/api/v1/{path}", text, content_type="application/json", headers=self.headers
        )
        if answer.status_code >= 500:
            self.failed.append(f"{answer.status_code} {method} {path} {text[:300]}")
        return answer

    def get(self, path, **params):
        answer = self.client.get(f"/api/v1/{path}", params, headers=self.headers)
        if answer.status_code >= 500:
            self.failed.append(f"{answer.status_code} GET {path} {str(params)[:300]}")


@pytest.fixture
def sender(payments):
    User.objects.create_superuser("root", email="root@example.org")
    found = Sender()
    yield found
    assert found.failed == []


def test_silences(sender):
    made = sender.send("POST", "silences", SILENCE)
    assert made.status_code == 201, made.content
    path = f"silences/{made.json()['id']}"
    for body in _bodies(SILENCE):
        sender.send("POST", "silences/preview", body)
        sender.send("POST", "silences", body)
    for body in _bodies(SILENCE):
        if isinstance(body, dict):
            last = Silence.objects.latest("pk").pk
            changed = {name: value for name, value in body.items() if value != SILENCE.get(name)}
            sender.send("PATCH", f"silences/{last}", changed)
    sender.get("silences")
    sender.get(path)


def test_subscriptions(sender):
    made = sender.send("POST", "subscriptions", SUBSCRIPTION)
    assert made.status_code == 201, made.content
    path = f"subscriptions/{made.json()['id']}"
    for body in _bodies(SUBSCRIPTION):
        sender.send("POST", "subscriptions", body)
        sender.send("PATCH", path, body)
    sender.get("subscriptions")


def test_overrides(sender):
    schedule = Schedule.objects.create(name="s", zone="UTC", team=Team.objects.get())
    path = f"schedules/{schedule.pk}/overrides"
    made = sender.send("POST", path, OVERRIDE)
    assert made.status_code == 201, made.content
    for body in _bodies(OVERRIDE):
        sender.send("POST", path, body)
    for rubbish in RUBBISH:
        if isinstance(rubbish, str):
            sender.get(f"schedules/{schedule.pk}", **{"from": rubbish})
            sender.get(f"schedules/{schedule.pk}", until=rubbish)
            sender.get(f"schedules/{schedule.pk}.ics", token=rubbish)
    sender.get("oncall")


def test_heartbeats(sender):
    for number, body in enumerate(_bodies(BEAT)):
        sender.send("POST", f"heartbeats/b{number}", body)
        sender.send("POST", "heartbeats/same", body)
    for name in ("%00", "x" * 3000, "%FF", "..", "%2e%2e", "a%0Ab", "%F0%9F%92%A9", "%ED%A0%80"):
        sender.send("POST", f"heartbeats/{name}", BEAT)
        sender.get(f"heartbeats/{name}")
    sender.get("heartbeats")


def test_rules_are_previewed(sender):
    made = sender.send("POST", "rules/preview", RULE)
    assert made.status_code == 200, made.content
    for body in _bodies(RULE):
        sender.send("POST", "rules/preview", body)
    for action, rubbish in product(ACTIONS, RUBBISH[::3]):
        sender.send("POST", "rules/preview", RULE | {"actions": [_fill(action, rubbish)]})


READ = {
    "alerts": ("match", "q", "since", "until", "status", "severity", "cursor", "limit", "team"),
    "alerts/noise": ("since", "until", "team", "weeks", "days"),
    "alerts/1/explain": ("transition", "decision", "cursor"),
    "alerts/1/related": ("within", "limit"),
    "escalations": ("progress", "alert", "team", "cursor", "limit"),
    "remediations": ("state", "alert", "plugin", "cursor", "limit", "operation"),
    "silences": ("open", "cursor", "limit"),
    "subscriptions": ("user", "team", "cursor", "limit"),
    "inhibitions": ("cursor", "limit"),
    "heartbeats": ("cursor", "limit", "state"),
    "schedules": ("cursor", "limit"),
    "rules/preview": ("days",),
}


def test_what_is_asked_for(sender):
    sender.client.post(
        "/api/v1/alerts", {"name": "a"}, content_type="application/json", headers=sender.headers
    )
    texts = [text for text in RUBBISH if isinstance(text, str)]
    texts += ["-1", "9" * 20, "1e5", "\u0661", "\u00b2", "null", "W10=", "WyJcdTAwMDAiXQ=="]
    for path, params in READ.items():
        for text in texts:
            sender.get(path, **dict.fromkeys(params, text))
        for param, text in product(params, texts[::3]):
            sender.get(path, **{param: text})


def test_ids(sender):
    for noun in ("silences", "subscriptions", "remediations", "schedules", "alerts"):
        for text in ("0", "-1", "9" * 18, "9" * 30, "%00", "\u00b2", "x"):
            sender.get(f"{noun}/{text}")
            for method in ("PATCH", "DELETE"):
                sender.send(method, f"{noun}/{text}", {"note": "\0"})
            for verb in ("approve", "reject", "overrides", "explain", "related"):
                sender.send("POST", f"{noun}/{text}/{verb}", {"hash": "\0", "note": "\0"})


def test_the_rest(sender):
    for rubbish in RUBBISH:
        sender.send("POST", "safety/stop", {"reason": rubbish})
        sender.send("POST", "safety/stop", rubbish)


def test_an_interval_of_nothing_sets_up_no_heartbeat(sender):
    answer = sender.send("POST", "heartbeats/backup", {"interval": 0})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "interval"
    assert not Heartbeat.objects.exists()

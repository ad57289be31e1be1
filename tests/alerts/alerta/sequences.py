"""Sequences of posts and actions: those of the reference, and random ones by a seed."""

import random
from dataclasses import dataclass
from typing import Any

from tests.alerts.alerta.client import CORRELATE

SEVERITIES = [
    "security", "critical", "major", "minor", "warning", "indeterminate", "informational",
    "normal", "ok", "cleared", "debug", "trace", "unknown",
]  # fmt: skip
ACTIONS = [
    "open", "assign", "ack", "unack", "shelve", "unshelve", "close", "expired", "timeout",
    "createTicket",
]  # fmt: skip
STATUSES = ["open", "assign", "ack", "shelved", "blackout", "closed", "expired", "unknown"]


@dataclass
class Step:
    """One call: on the alert of a resource and event, by its number among those made."""

    verb: str
    body: Any = None
    alert: int = 0


def post(resource="web1", event="node_down", **fields):
    body = {
        "resource": resource, "event": event, "environment": "Production",
        "service": ["Network"], "origin": "test/host", **fields,
    }  # fmt: skip
    return Step("post", body)


def action(name, alert=0, **fields):
    return Step("action", {"action": name, **fields}, alert)


def status(name, alert=0, **fields):
    return Step("status", {"status": name, **fields}, alert)


def behaviours():
    """Behaviours 1 to 15 of the reference, each on a resource of its own."""
    related = {"correlate": CORRELATE}
    yield "severities", [
        post(severity="major", text="a"), post(severity="major", text="b"),
        post(severity="critical"), post(event="node_marginal", severity="critical"),
    ]  # fmt: skip
    yield "correlation", [
        post(severity="major", **related), post(event="node_marginal", severity="major", **related),
        post(event="node_marginal", severity="critical", **related),
        post(event="node_down", severity="major"), post(event="node_up", severity="normal"),
        post(event="node_up", severity="normal"), post(event="disk_full", severity="minor"),
    ]  # fmt: skip
    yield "normal", [post(severity=name) for name in ("normal", "ok", "cleared", "cleared")]
    yield "acknowledged", [
        post(severity="major"), action("ack", text="mine"), post(severity="major"),
        post(severity="warning"), post(severity="minor"), action("ack"), post(severity="minor"),
        post(severity="ok"), post(severity="minor"),
    ]  # fmt: skip
    yield "acknowledged while indeterminate", [
        post(severity="indeterminate"), action("ack"), post(severity="critical"),
        post(severity="security"),
    ]  # fmt: skip
    yield "closed", [
        post(severity="critical"), status("closed"), post(severity="critical"), action("close"),
        post(severity="critical"), action("close", text="done"), action("open"), action("close"),
        action("close"), action("ack"), action("shelve"),
    ]  # fmt: skip
    yield "expired", [
        post(severity="major"), status("expired"), post(severity="major"), action("expired"),
        action("ack"), action("open"), action("expired"), post(severity="normal"),
    ]  # fmt: skip
    yield "shelved", [
        post(severity="major"), status("shelved"), post(severity="major"),
        post(severity="critical"), post(severity="minor"), post(severity="ok"),
        post(severity="ok"), post(severity="critical"), action("ack"), action("shelve"),
        status("open"), post(severity="critical"),
    ]  # fmt: skip
    yield "shelved by action", [
        post(severity="major"), action("shelve", timeout=60), post(severity="critical"),
        post(severity="ok"), post(severity="critical"), action("unshelve"), action("unshelve"),
    ]  # fmt: skip
    yield "unwound", [
        post(severity="warning"), action("ack"), action("shelve"), action("unshelve"),
        action("unack"), action("unack"), action("shelve"), action("timeout"),
    ]  # fmt: skip
    yield "refused", [
        post(severity="warning"), action("open"), action("unshelve"), Step("action", {}),
        Step("status", {}), Step("tag", {"tags": ["x"]}), Step("attributes", {}),
    ]  # fmt: skip
    yield "values", [post(severity="major", value=value) for value in (100, "101", "101", None)]
    yield "words", [
        post(severity="major", tags=["a", "b"], attributes={"x": 1, "y": {"z": 1}}),
        post(severity="major", tags=["c"], attributes={"y": {"w": 2}}),
        post(severity="minor", tags=["a"], attributes={"v": None}),
        Step("tag", {"tags": ["d", "a"]}), Step("untag", {"tags": ["a", "none"]}),
        Step("attributes", {"attributes": {"x": None, "n": [1, "2"]}}),
        Step("note", {"text": "hear, hear"}),
    ]  # fmt: skip
    yield "timeouts", [
        *(post(severity="major", timeout=seconds) for seconds in (120, 20, 0, 40, None)),
        status("ack"), status("open", timeout=77), status("ack", timeout=0),
    ]  # fmt: skip
    yield "given", [
        post(severity="major", status="ack"), post(severity="major"),
        post(severity="critical", status="shelved"), post(severity="normal", status="ack"),
    ]  # fmt: skip
    yield "blackout by hand", [
        post(severity="major"), status("blackout"), post(severity="major"), status("blackout"),
        post(severity="critical"), status("blackout"), action("close"),
    ]  # fmt: skip
    yield "deleted", [
        post(severity="major"), Step("delete"), Step("delete"), post(severity="major"),
        action("ack"), action("close", 1), Step("delete", None, 1),
    ]  # fmt: skip


def walk(seed, length=100):
    """A random one."""
    chance = random.Random(seed)  # noqa: S311  (no secret)
    correlated = {"correlate": CORRELATE}
    steps = [post(f"r{number}", severity="major", **correlated) for number in range(3)]
    while len(steps) < length:
        alert = chance.randrange(6)
        kind = chance.choices(["post", "action", "status", "words"], [10, 6, 3, 1])[0]
        if kind == "post":
            related = chance.random() < 0.7
            event = chance.choice(CORRELATE) if related else "disk_full"
            fields = {
                "severity": chance.choice(SEVERITIES),
                "value": chance.choice([None, "1", "2"]),
                "text": chance.choice(["", "it is so"]),
                "tags": chance.sample(["a", "b", "c"], chance.randrange(3)),
                "attributes": {chance.choice("xyz"): chance.randrange(3)},
            }
            fields |= correlated if related else {}
            steps.append(post(f"r{chance.randrange(3)}", event, **fields))
        elif kind == "action":
            timeout = chance.choice([None, None, 30])
            steps.append(action(chance.choice(ACTIONS), alert, timeout=timeout, text="by hand"))
        elif kind == "status":
            steps.append(status(chance.choice(STATUSES), alert))
        else:
            verb = chance.choice(["tag", "untag"])
            steps.append(Step(verb, {"tags": [chance.choice("abc")]}, alert))
    return steps


SEQUENCES = [*behaviours(), *((f"walk {seed}", walk(seed)) for seed in range(2))]

"""`python -m benchmarks.alertmanager`: see --help and benchmarks/README.md."""

import argparse
import contextlib
import json
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from benchmarks.alertmanager.client import Client
from benchmarks.ingest.__main__ import CASES, HEAD, measure, open_keys, print_row, several
from benchmarks.ingest.load import ALERTMANAGER, Target
from benchmarks.ingest.peers import Server, run_alertmanager
from benchmarks.portal import QUIET, Portal, cpu_seconds, new_database, postgres, running
from tests.alerta_server import UnavailableError

BATCH = 64  # as Prometheus sends them
ARRAYS = ("new64", "hot64", "new1000", "hot1000")


def plain():
    """One rule that tells of everything, but not during the measurement."""
    channel = {"name": "channel 0", "kind": "email", "settings": {"to": ["a@example.com"]}}
    rule = {
        "name": "all", "match": "", "order": 99, "group_by": ["service"], "group_wait": "1h",
        "actions": [{"notify": "channel 0"}],
    }  # fmt: skip
    return {"channels": [channel], "rules": [rule]}


def busy():
    """40 rules by labels that most alerts have another value of, and an inhibition."""
    rules = [
        {
            "name": f"rule {number}",
            "match": f'{{cluster=~"eu-.*", instance=~"host-{number}..", zone!="x"}}',
            "order": number,
            "group_by": ["service"],
            "group_wait": "1h",
            "actions": [{"notify": f"channel {number % 5}"}],
        }
        for number in range(40)
    ]
    channels = [
        {"name": f"channel {number}", "kind": "email", "settings": {"to": ["a@example.com"]}}
        for number in range(5)
    ]
    inhibition = {
        "name": "node", "source_match": 'alertname="NodeDown"',
        "target_match": 'severity="warning"', "equal": ["instance"],
    }  # fmt: skip
    return {"channels": channels, "rules": rules, "inhibitions": [inhibition]}


def alerts(count, minutes=60.0):
    """As many as one Prometheus has firing."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    end = datetime.now(UTC) + timedelta(minutes=minutes)
    return [
        {
            "labels": {
                "alertname": "NodeDown" if number % 50 == 0 else "DiskFull",
                "severity": "warning", "service": f"billing-{number % 20}", "zone": "b",
                "environment": "production", "instance": f"host-{number}", "cluster": "eu-1",
                "device": "/dev/nvme0n1", "mountpoint": "/var/lib/postgresql", "team": "storage",
            },
            "annotations": {"summary": f"The disk of host-{number} is 91 percent full"},
            "startsAt": start.isoformat(), "endsAt": end.isoformat(),
            "generatorURL": "http://prometheus:9090/graph?g0.expr=disk_used+%3E+0.9&g0.tab=1",
        }
        for number in range(count)
    ]  # fmt: skip


def send(client, posted, batch):
    """Post them; how long that took."""
    started = time.monotonic()
    for first in range(0, len(posted), batch):
        client.post("alerts", posted[first : first + batch])
    return time.monotonic() - started


def silences(clients, count):
    """The same in all."""
    now = datetime.now(UTC)
    for number in range(count):
        body = {
            "matchers": [{"name": "instance", "value": f"host-{number}.", "isRegex": True}],
            "startsAt": now.isoformat(), "endsAt": (now + timedelta(hours=1)).isoformat(),
            "createdBy": "benchmark", "comment": "benchmark",
        }  # fmt: skip
        for client in clients:
            client.post("silences", body)


def compare_lists(folder, portal, options):
    """How long each takes for the list of all alerts, in turn; the ratio round by round."""
    for name, configuration, hushed in (("plain", plain(), 0), ("busy", busy(), 20)):
        portal.configure(json.dumps(configuration))  # JSON is YAML
        ours = Client(portal.url + "/alertmanager", portal.key)
        routing = ours.get("status")["config"]["original"]
        with run_alertmanager(folder, routing) as server:
            theirs = Client(server.target.url)
            clients = [ours, theirs]
            silences(clients, hushed)
            for client in clients:
                send(client, alerts(options.alerts), 500)
            portal.wait_until_routed()
            took = [[client.time("alerts") for client in clients] for _ in range(options.lists)]
            sizes = [len(client.get("alerts")) for client in clients]
            held = [len(client.get("alerts?active=false")) for client in clients]
        mine, other = (median(times) * 1000 for times in zip(*took, strict=True))
        ratio = median(one / two for one, two in took)
        print(
            f"  list of {sizes[0]} and {sizes[1]} alerts ({held[0]} and {held[1]} suppressed),"
            f" {name}: {mine:.0f} ms, Alertmanager {other:.0f} ms, ratio {ratio:.2f}"
        )
        for silence in ours.get("silences"):
            ours.delete(f"silence/{silence['id']}")


def resend(portal, options):
    """What a Prometheus costs that sends all its firing alerts again every minute."""
    root = portal.url + "/alertmanager"
    send(Client(root, portal.key), alerts(options.alerts), BATCH)
    portal.wait_until_routed()
    shares = {}
    for what in ("idle", "resending"):
        cpu, started, posting = cpu_seconds([portal.process.pid]), time.monotonic(), []
        for minute in range(options.minutes):
            if what == "resending":
                again = alerts(options.alerts, minutes=4)
                posting.append(send(Client(root, portal.key), again, BATCH))
            time.sleep(max(0, started + (minute + 1) * options.interval - time.monotonic()))
        spent = cpu_seconds([portal.process.pid]) - cpu
        shares[what] = spent / (options.minutes * options.interval) * 100
    print(
        f"  {options.alerts} alerts again every {options.interval} s in batches of {BATCH}:"
        f" {shares['resending']:.1f} % of a core, {shares['idle']:.1f} % at rest"
        f" (posting took {median(posting):.1f} s)"
    )


def compare_posts(folder, portal, options):
    """Arrays to the portal by this contract and by its own, and to Alertmanager."""
    path = "/alertmanager/api/v2/alerts"
    pids = (portal.process.pid,)
    target = Target(portal.url, path, ALERTMANAGER, key=portal.key, brackets=True)
    native = Target(portal.url, "/api/v1/alerts", key=portal.key)
    drained = portal.wait_until_routed
    with run_alertmanager(folder, "route: {receiver: x}\nreceivers: [{name: x}]\n") as original:
        servers = [
            Server("portal", target, pids, drained),
            Server("portal native", native, pids, drained),
            original,
        ]
        print(HEAD)
        for name in options.cases:
            case = what, batch, keys = CASES[name]
            rounds = []
            for server in servers if keys else ():
                open_keys(server, keys, f"hot{batch}-")
            for turn in range(options.rounds):
                tag = f"hot{batch}-" if keys else f"{batch}-{turn}-{int(time.time())}-"
                rounds.append(
                    [measure(server, case, options.connections, options.seconds, tag)
                     for server in servers]
                )  # fmt: skip
            print(f"{what}, {options.connections} connections")
            for place, server in enumerate(servers):
                pairs = [(each[0], each[place]) for each in rounds]
                print_row(server.name, pairs, ours=place == 0)


PARTS = {"lists": compare_lists, "resend": resend, "posts": compare_posts}


def run_all(server, options):
    """Every part on one database, each on a portal of its own."""
    print("PostgreSQL" if server else "SQLite")
    for part in options.parts:
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            database = new_database(server, "alertmanager_benchmark") if server else ""
            configuration = json.dumps(plain()) if part == "lists" else QUIET
            portal = stack.enter_context(running(Portal(folder, database, configuration)))
            scopes = ("alerts:write", "alerts:read", "config:read", "silences:write")
            words = [word for scope in scopes for word in ("--scope", scope)]
            portal.key = portal.manage("createkey", "alertmanager", *words)
            if part == "resend":
                resend(portal, options)
            else:
                PARTS[part](folder, portal, options)


def main():
    parser = argparse.ArgumentParser(prog="benchmarks.alertmanager")
    both = ["sqlite", "postgres"]
    parser.add_argument("--databases", type=several(both), default=both)
    parser.add_argument("--postgres", default="", help="a server's URL; else one is started")
    parser.add_argument("--parts", type=several(PARTS), default=list(PARTS))
    parser.add_argument("--alerts", type=int, default=5000)
    parser.add_argument("--lists", type=int, default=21, help="how often each list is asked for")
    parser.add_argument("--minutes", type=int, default=2, help="of resending, and at rest")
    parser.add_argument("--interval", type=int, default=60, help="seconds between two resendings")
    parser.add_argument("--cases", type=several(ARRAYS), default=list(ARRAYS))
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    try:
        if "sqlite" in options.databases:
            run_all("", options)
        if "postgres" in options.databases:
            with postgres(options.postgres) as (url, _):
                run_all(url, options)
    except UnavailableError as reason:
        parser.exit(1, f"{reason}\n")


if __name__ == "__main__":
    main()

"""`python -m benchmarks.day`: see --help and benchmarks/README.md."""

import argparse
import http.client
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.day.plan import BATCH, SILENCES, Sender, body, configuration, utc_now
from benchmarks.portal import Portal, cpu_seconds, new_database, postgres
from benchmarks.sink import listening

PATH = "/alertmanager/api/v2/alerts"
WAITING = "SELECT state, count(*) FROM alerts_notification GROUP BY state"
STORED = "SELECT labels, severity, status, repeat_count FROM alerts_alert ORDER BY id"


class Wire:
    """Posts until a 200 says that it is kept, through restarts, as Prometheus does."""

    def __init__(self, portal: Portal, sender: Sender) -> None:
        self.portal, self.sender = portal, sender
        self.connection: http.client.HTTPConnection | None = None
        self.again = 0
        self.posts = 0

    def send(self, post) -> None:
        """One post."""
        while True:
            self.sender.note(post, acknowledged=False)
            try:
                if self._post(body(post, utc_now())) == 200:
                    break
            except (OSError, http.client.HTTPException):
                self.connection = None
            self.again += 1
            time.sleep(0.1)
        self.posts += 1
        self.sender.note(post, acknowledged=True)

    def _post(self, content: bytes) -> int:
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.portal.port, timeout=30)
        headers = {
            "Authorization": f"Bearer {self.portal.key}", "Content-Type": "application/json",
        }  # fmt: skip
        self.connection.request("POST", PATH, content, headers)
        answer = self.connection.getresponse()
        answer.read()
        return answer.status


def send_all(wires, posts_of) -> None:
    """Each sender's posts, side by side."""

    def work(wire):
        for post in posts_of(wire.sender):
            wire.send(post)

    threads = [threading.Thread(target=work, args=(wire,)) for wire in wires]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def kill_in_the_middle(portal, wires, posts) -> None:
    """SIGKILL to every process once half of the posts are answered; then start it again."""
    while sum(wire.posts for wire in wires) < posts:
        time.sleep(0.01)
    portal.kill()
    portal.start()


def check(portal, wires) -> list[str]:
    """What the database has lost, or made up, of what was acknowledged."""
    counts: Counter[Any] = Counter()
    states: dict[Any, Any] = {}
    for stored, severity, status, repeats in portal.rows(STORED):
        labels = stored if isinstance(stored, dict) else json.loads(stored)
        identity = labels["key"], severity
        counts[identity] += repeats + 1
        states[identity] = "resolved" if status == "resolved" else "firing"
    wrong = []
    for wire in wires:
        sender = wire.sender
        for identity, said in sender.last.items():
            least, most = sender.acknowledged[identity], sender.attempted[identity]
            if not least <= counts[identity] <= most or states.get(identity, "resolved") != said:
                wrong.append(
                    f"{identity}: said {least} to {most} times, last {said};"
                    f" stored {counts[identity]} times, {states.get(identity)}"
                )
    return wrong


def live_a_day(portal, options, *, kill, database: int) -> bool:
    """The day on a fresh portal; whether all went well. `database`: PostgreSQL's first process."""
    senders = [Sender(n, options.keys // options.senders) for n in range(options.senders)]
    wires = [Wire(portal, sender) for sender in senders]
    posts = options.alerts // BATCH // options.senders
    send_all(wires, Sender.opening)
    portal.wait_until_routed()
    decided = portal.rows("SELECT count(*) FROM alerts_decision")[0][0]
    opened = sum(wire.posts for wire in wires)
    busy = [[portal.process.pid], [database] if database else []]
    started, cpu, own = time.monotonic(), [cpu_seconds(pids) for pids in busy], time.process_time()
    if kill:
        half = opened + posts * options.senders // 2
        killer = threading.Thread(target=kill_in_the_middle, args=(portal, wires, half))
        killer.start()
    send_all(wires, lambda sender: sender.day(posts))
    accepted = time.monotonic() - started
    if kill:
        killer.join()
    portal.wait_until_routed()
    routed = time.monotonic() - started
    cpu = [cpu_seconds(pids) - before for pids, before in zip(busy, cpu, strict=True)]
    cpu.append(time.process_time() - own)
    waiting = dict(portal.rows(WAITING))
    decided = portal.rows("SELECT count(*) FROM alerts_decision")[0][0] - decided
    wrong = check(portal, wires)
    alerts = posts * options.senders * BATCH
    print(f"{'killed and restarted' if kill else 'undisturbed'}: {alerts:,} alerts")
    print(f"  accepted and folded after {accepted:6.1f} s   {alerts / accepted:8.0f} alerts/s")
    print(f"  routed and queued after   {routed:6.1f} s   {decided:,} decisions")
    queued = ", ".join(f"{count:,} {state}" for state, count in sorted(waiting.items()))
    print(f"  notifications             {queued or 'none'}")
    if kill:
        print(f"  posts sent again          {sum(wire.again for wire in wires)}")
    else:
        print(f"  CPU                       {sum(cpu):6.1f} s: portal {cpu[0]:.1f}, ", end="")
        print(f"PostgreSQL {cpu[1]:.1f}, senders and webhook {cpu[2]:.1f}")
    print(f"  lost or made up           {len(wrong)} of {sum(len(s.last) for s in senders):,}")
    for line in wrong[:5]:
        print(f"    {line}")
    sys.stdout.flush()
    return not wrong


def run(server, options, pid: int = 0) -> bool:
    """Both days on one database."""
    print(f"\n{'PostgreSQL' if server else 'SQLite'}")
    well = True
    for kill in [run == "killed" for run in options.runs.split(",")]:
        with (
            tempfile.TemporaryDirectory() as folder,
            listening(lambda _, __: None) as sink,
        ):
            database = new_database(server, "day_benchmark") if server else ""
            portal = Portal(Path(folder), database, configuration(sink.url))
            portal.set_up()
            portal.manage("shell", "-v", "0", "-c", SILENCES)
            portal.start()
            try:
                well = live_a_day(portal, options, kill=kill, database=pid) and well
            finally:
                portal.stop()
    return well


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.day")
    parser.add_argument("--databases", default="sqlite,postgres")
    parser.add_argument("--postgres", default="", help="a server's URL; else one is started")
    parser.add_argument("--alerts", type=int, default=300_000)
    parser.add_argument("--keys", type=int, default=20_000)
    parser.add_argument("--senders", type=int, default=4)
    parser.add_argument("--runs", default="undisturbed,killed")
    options = parser.parse_args()
    well = True
    if "sqlite" in options.databases:
        well = run("", options) and well
    if "postgres" in options.databases:
        with postgres(options.postgres) as (url, pid):
            well = run(url, options, pid) and well
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())

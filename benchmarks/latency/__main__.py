"""`python -m benchmarks.latency`: see --help and benchmarks/README.md."""

import argparse
import http.client
import json
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.ingest.load import NATIVE
from benchmarks.portal import Portal, new_database, postgres, running
from benchmarks.sink import listening

# Each connection waits so long after an answer.
PAUSE_MS = 10
# To find out how many connections come to the rate.
TRIES, MOST_CONNECTIONS = 5, 256
PACED = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer %(key)s"
local number = 0
function delay() return %(pause)d end
%(alert)s
function request()
  number = number + 1
  return wrk.format(nil, "/api/v1/alerts", nil, alert("hot-" .. number %% 100, number %% 100))
end
"""


def configuration(sink):
    """The probes are told at once; the load is not."""
    rules = [
        {"name": "probe", "match": '{name="Probe"}', "order": 1, "actions": [{"notify": "hook"}]},
        {
            "name": "quiet",
            "match": '{service=~"billing-.*"}',
            "order": 2,
            "actions": [{"suppress": "benchmark"}],
        },
    ]
    channel = {"name": "hook", "kind": "webhook", "settings": {"url": sink}}
    return json.dumps({"channels": [channel], "rules": rules})  # JSON is YAML


class Heard:
    """When each probe's webhook arrived."""

    def __init__(self):
        self.at = {}
        self.arrived = threading.Condition()

    def __call__(self, body, instant):
        key = json.loads(body)["alert"]["dedup_key"]
        with self.arrived:
            self.at.setdefault(key, instant)
            self.arrived.notify_all()

    def wait(self, keys, seconds=30.0):
        """Until all of these came, or so long."""
        with self.arrived:
            self.arrived.wait_for(lambda: set(keys) <= self.at.keys(), seconds)


def probe(portal, heard, count, tag):
    """Seconds from the post of each of so many new alerts to its webhook; None where none came."""
    sent = {}
    connection = http.client.HTTPConnection("127.0.0.1", portal.port, timeout=30)
    headers = {"Authorization": f"Bearer {portal.key}", "Content-Type": "application/json"}
    for number in range(count):
        time.sleep(random.uniform(0.2, 0.6))  # noqa: S311  (no secret)
        key = f"{tag}-{number}"
        body = json.dumps({"name": "Probe", "dedup_key": key, "severity": "critical"})
        sent[key] = time.monotonic()
        connection.request("POST", "/api/v1/alerts", body, headers)
        connection.getresponse().read()
    heard.wait(sent)
    return [heard.at[key] - at if key in heard.at else None for key, at in sent.items()]


@contextmanager
def loaded(portal, connections, seconds):
    """Posts of 100 keys that repeat meanwhile, paced; yields wrk's process."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(PACED % {"key": portal.key, "pause": PAUSE_MS, "alert": NATIVE})
        script.flush()
        wrk = subprocess.Popen(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script.name, portal.url],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            yield wrk
        finally:
            wrk.wait()


def posts_a_second(wrk):
    """What wrk says it came to."""
    said = wrk.stdout.read()
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if found is None:
        sys.exit(f"wrk told no rate: {said or 'it said nothing'}")
    return float(found[1])


def connections_for(portal, rate):
    """How many come to that rate, which depends on how long an answer takes here today."""
    connections = max(rate // 80, 1)
    for _ in range(TRIES):
        with loaded(portal, connections, 3) as wrk:
            pass
        came = posts_a_second(wrk)
        if 0.95 * rate <= came <= 1.1 * rate or connections == MOST_CONNECTIONS:
            break
        wanted = round(connections * rate / max(came, 1))
        connections = min(max(wanted, 1), MOST_CONNECTIONS)
    return connections


def print_row(what, seconds):
    """Quantiles in milliseconds."""
    came = sorted(s * 1000 for s in seconds if s is not None)
    lost = len(seconds) - len(came)
    p50, p99 = came[len(came) // 2], came[min(len(came) - 1, int(len(came) * 0.99))]
    print(f"  {what:28}{len(came):>6}{p50:>10.0f}{p99:>10.0f}{came[-1]:>10.0f}{lost:>6}")


def run(server, options):
    """At rest and under load, on one database."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        heard = Heard()
        sink = stack.enter_context(listening(heard))
        database = new_database(server, "latency_benchmark") if server else ""
        portal = stack.enter_context(running(Portal(folder, database, configuration(sink.url))))
        probe(portal, heard, 3, "warm")
        print(f"\n{'PostgreSQL' if server else 'SQLite'}")
        print(f"  {'':28}{'n':>6}{'p50 ms':>10}{'p99 ms':>10}{'max ms':>10}{'lost':>6}")
        print_row("at rest", probe(portal, heard, options.probes, "rest"))
        seconds = int(options.probes * 0.45) + 2
        connections = connections_for(portal, options.rate)
        with loaded(portal, connections, seconds) as wrk:
            time.sleep(1)
            measured = probe(portal, heard, options.probes, "load")
        print_row(f"during {posts_a_second(wrk):.0f} posts/s", measured)


def main():
    parser = argparse.ArgumentParser(prog="benchmarks.latency")
    parser.add_argument("--databases", default="sqlite,postgres")
    parser.add_argument("--postgres", default="", help="a server's URL; else one is started")
    parser.add_argument("--probes", type=int, default=60)
    parser.add_argument("--rate", type=int, default=1000, help="posts a second under load")
    options = parser.parse_args()
    if "sqlite" in options.databases:
        run("", options)
    if "postgres" in options.databases:
        with postgres(options.postgres) as (url, _):
            run(url, options)


if __name__ == "__main__":
    main()

"""What `python -m benchmarks.security` runs for one size: CPU seconds, statements, memory."""

import gc
import json
import resource
import sys
import time
from datetime import timedelta
from hashlib import sha256

import django

django.setup()

import boto3
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from opsportal.lib.aws import open_access
from opsportal.lib.outbox import claim_due
from opsportal.lib.times import utc_now
from security.collect import plan_collections, run_collection
from security.collectors.ec2_security_groups import SecurityGroups
from security.models import CloudAccount, Collection, ConfigRevision, Scope
from security.normalise import settle
from security.tasks import CollectionOutbox

ROUNDS = 5
REGION = "eu-west-1"


def measure(size: int) -> None:
    """Print a table."""
    call_command("migrate", verbosity=0)
    account = CloudAccount.objects.create(
        account_id="123456789012", name="benchmark", regions=[REGION]
    )
    access = open_access(account, REGION, now=utc_now())
    fetch = best(lambda: sum(len(page) for page in SecurityGroups.pages(access)))
    plain = best(paginate_and_hash)
    print(f"{size} groups, {connection.vendor}: CPU seconds, the best of {ROUNDS}")
    print(f"  {'boto3: paginate, JSON, SHA-256':34}{plain:8.2f}")
    print(f"  {'ours, only the pages':34}{fetch:8.2f}{fetch / plain:7.2f}x")
    seconds, statements = collect()
    told("ours, first time", seconds, statements, plain, fetch)
    runs = [collect() for _ in range(ROUNDS)]
    seconds, statements = min(runs)
    told("ours, nothing changed", seconds, statements, plain, fetch)
    assert ConfigRevision.objects.count() == size
    found = [row for page in SecurityGroups.pages(access) for row in page]
    shape = SecurityGroups.shape
    hashed = best(lambda: [settle(row.config, shape, secret=b"") for row in found])
    print(f"  canonical form and hashes: {hashed / size * 1e6:.1f} microseconds a group")
    print(f"  memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")
    connection.close()


def told(what: str, seconds: float, statements: int, plain: float, fetch: float) -> None:
    """A line of the table."""
    print(
        f"  {what:34}{seconds:8.2f}{seconds / plain:7.2f}x{statements:5} statements, "
        f"{max(seconds - fetch, 0):.2f} s beyond the pages"
    )


def best(work) -> float:
    """CPU seconds of the cheapest round; what the first warms up is not counted."""
    times = []
    for _ in range(ROUNDS + 1):
        gc.collect()
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times[1:])


def paginate_and_hash() -> dict[str, str]:
    """The barest thing that could notice a change."""
    client = boto3.client("ec2", region_name=REGION)
    found = {}
    for page in client.get_paginator("describe_security_groups").paginate(
        PaginationConfig={"PageSize": 1000}
    ):
        for row in page["SecurityGroups"]:
            text = json.dumps(row, sort_keys=True, separators=(",", ":"))
            found[row["GroupId"]] = sha256(text.encode()).hexdigest()
    return found


def collect() -> tuple[float, int]:
    """CPU seconds and statements of one collection, its claim and its audit included."""
    now = utc_now()
    Scope.objects.update(next_at=now)
    plan_collections(now=now)
    Collection.objects.exclude(scope__technology=SecurityGroups.slug).delete()
    gc.collect()
    with CaptureQueriesContext(connection) as captured:
        began = time.process_time()
        (row,) = claim_due(CollectionOutbox(), now + timedelta(seconds=1), 1)
        run_collection(row, clock=utc_now)
        seconds = time.process_time() - began
    assert Collection.objects.get(pk=row.pk).outcome == "complete"
    verbs = ("SELECT", "INSERT", "UPDATE", "DELETE")
    return seconds, sum(q["sql"].startswith(verbs) for q in captured.captured_queries)


if __name__ == "__main__":
    measure(int(sys.argv[1]))

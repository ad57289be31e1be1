"""Pages asked as a browser asks them, inside the portal's own process.

`python -m benchmarks.security_pages.pages ROUNDS` prints a line of JSON a page.
"""

import json
import os
import sys
import time
from datetime import timedelta
from random import Random
from statistics import median, quantiles

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opsportal.settings")
os.environ.setdefault("OPSPORTAL_ALLOWED_HOSTS", "*")
django.setup()

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from opsportal.accounts.models import User
from opsportal.lib.times import utc_now
from security.models import CloudResource, ConfigRevision

RANDOM = Random(1)  # noqa: S311


class Somewhere:
    """A row, a time or a name, another at each asking."""

    def __init__(self):
        self.first = CloudResource.objects.order_by("id").first().pk
        self.rows = CloudResource.objects.order_by("-id").first().pk - self.first
        self.first_revision = ConfigRevision.objects.order_by("id").first().pk
        self.changes = ConfigRevision.objects.order_by("-id").first().pk - self.first_revision

    def resource(self):
        return self.first + RANDOM.randrange(self.rows)

    def revision(self):
        return self.first_revision + RANDOM.randrange(self.changes)

    def two(self):
        """The first two revisions of a resource."""
        place = self.first_revision + RANDOM.randrange(self.rows)
        return f"from={place}&to={place + self.rows + 1}"


def day():
    return f"{utc_now() - timedelta(days=RANDOM.randrange(1, 190)):%Y-%m-%dT%H:%M:%SZ}"


def account():
    return f"{RANDOM.randrange(1, 200):012d}"


def number():
    return RANDOM.randrange(1, 250)


def paths():
    """Name -> what makes the address of one asking."""
    some = Somewhere()
    return {
        "change feed": lambda: "/security/",
        "change feed of a day": lambda: f"/security/?until={day()}",
        "change feed of an account": lambda: f"/security/?account={account()}",
        "change feed of a rare technology": lambda: "/security/?technology=aws.ec2.prefixlist",
        "change feed of an actor": lambda: f"/security/?actor=person-{number()}",
        "change feed, cosmetic": lambda: "/security/?change_class=cosmetic",
        "change feed, unannounced": lambda: "/security/?attribution=none",
        "change feed, worse": lambda: "/security/?score=worse",
        "change feed, not reviewed": lambda: "/security/?reviewed=no",
        "change feed, reviewed": lambda: "/security/?reviewed=yes",
        "change feed of a region": lambda: "/security/?region=eu-3",
        "change feed, all at once": lambda: (
            f"/security/?account={account()}&change_class=security&score=worse&attribution=none"
        ),
        "admin list of revisions": lambda: "/admin/security/configrevision/",
        "admin list of resources": lambda: "/admin/security/cloudresource/",
        "resource": lambda: f"/security/resources/{some.resource()}/",
        "revision": lambda: f"/security/revisions/{some.revision()}/",
        "compare": lambda: f"/security/compare/?{some.two()}",
        "inventory": lambda: "/security/inventory/",
        "inventory at a time": lambda: f"/security/inventory/?at={day()}",
        "inventory of an account at a time": lambda: (
            f"/security/inventory/?at={day()}&account={account()}"
        ),
        "inventory by tag at a time": lambda: (
            f"/security/inventory/?at={day()}&match={{team=%22team-{number() % 40}%22}}"
        ),
        "inventory by an id": lambda: f"/security/inventory/?q=sg-{number()}",
        "inventory by a tag": lambda: f"/security/inventory/?q=team=team-{number() % 40}",
        "inventory by a rare word": lambda: f"/security/inventory/?q=vpc-{number()}",
        "inventory by a common word": lambda: "/security/inventory/?q=office",
        "address that one has": lambda: f"/security/addresses/?q=10.0.{number()}.{number()}",
        "network of many": lambda: "/security/addresses/?q=10.0.0.0/16",
    }


def measure(client, make, rounds):
    """Milliseconds of each asking, of the processor too, and the statements of one."""
    times, worked = [], []
    for _ in range(rounds):
        path = make()
        started, before = time.perf_counter(), time.process_time()
        answer = client.get(path)
        times.append((time.perf_counter() - started) * 1000)
        worked.append((time.process_time() - before) * 1000)
        if answer.status_code not in (200, 302):
            raise SystemExit(f"{path}: {answer.status_code}")
    with CaptureQueriesContext(connection) as queries:
        client.get(make())
    return times, worked, [query["sql"] for query in queries]


def main():
    rounds = int(sys.argv[1])
    person = User.objects.filter(username="bench").first() or User.objects.create_superuser("bench")
    client = Client()
    client.force_login(person)
    for name, make in paths().items():
        client.get(make())
        times, worked, statements = measure(client, make, rounds)
        counts = [sql for sql in statements if "COUNT(" in sql.upper() and "LIMIT" not in sql]
        found = {
            "page": name,
            "median": median(times),
            "cpu": median(worked),
            "p95": quantiles(times, n=20)[-1],
            "statements": len(statements),
            "counts": len(counts),
        }
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()

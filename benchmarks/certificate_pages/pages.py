"""Pages asked as a browser asks them, inside the portal's own process.

`python -m benchmarks.certificate_pages.pages ROUNDS` prints a line of JSON a page.
"""

import json
import os
import sys
import time
from itertools import islice
from random import Random
from statistics import median, quantiles

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opsportal.settings")
os.environ.setdefault("OPSPORTAL_ALLOWED_HOSTS", "*")
django.setup()

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from certs.models import Certificate
from opsportal.accounts.models import User

RANDOM = Random(1)  # noqa: S311
_API = "/api/v1/certs"


class Somewhere:
    """A certificate, another at each asking."""

    def __init__(self):
        self.first = Certificate.objects.order_by("id").first().pk
        self.count = Certificate.objects.order_by("-id").first().pk - self.first + 1

    def number(self):
        return RANDOM.randrange(self.count)

    def row(self):
        return Certificate.objects.defer("der").get(pk=self.first + self.number())


def paths():
    """Name -> what makes the address of one asking."""
    some = Somewhere()
    page = "/certs/certificates/"

    def host():
        number = some.number()
        return f"host-{number}.zone-{number % 500}.example.com"

    def expiring_after_a_page():
        at = int((time.time() + RANDOM.randrange(86_400, 25 * 86_400)) * 1_000_000)
        return f"{page}?expires_within=30d&after={at}.{some.first + some.number()}"

    return {
        "expiring within 30 days": lambda: f"{page}?expires_within=30d",
        "the same, some page of it": expiring_after_a_page,
        "the same of a team": lambda: f"{page}?expires_within=30d&owner=team-{some.number() % 40}",
        "the same with a finding": lambda: f"{page}?expires_within=30d&finding=stale_served",
        "the same from a source": lambda: (
            f"{page}?expires_within=30d&source=source-{some.number() % 20}"
        ),
        "list": lambda: page,
        "list, expired": lambda: f"{page}?state=expired",
        "list of an issuer": lambda: f"{page}?issuer=DigiCert%20TLS%20RSA%20SHA256%202020%20CA1",
        "wall": lambda: "/certs/",
        "wall of a team": lambda: f"/certs/?owner=team-{some.number() % 40}",
        "search: a name": lambda: f"{page}?q={host()}",
        "search: a beginning": lambda: f"{page}?q=host-{some.number()}",
        "search: a domain": lambda: f"{page}?q=*.zone-{some.number() % 500}.example.com",
        "search: everything below a domain": lambda: f"{page}?q=.example.com",
        "search: a serial": lambda: f"{page}?q={some.row().serial.upper()}",
        "search: a fingerprint": lambda: f"{page}?q={some.row().sha256}",
        "search: its beginning": lambda: f"{page}?q={some.row().sha256[:12]}",
        "search: an issuer": lambda: f"{page}?q=example%20corp",
        "search: matchers": lambda: (
            f'{page}?q={{owner="team-{some.number() % 40}",days_left<"14"}}'
        ),
        "search: part of a name": lambda: f"{page}?contains=9{some.number()}",
        "certificate": lambda: f"{page}{some.first + some.number()}/",
        "findings": lambda: "/certs/findings/",
        "findings of a kind": lambda: "/certs/findings/?kind=expired",
        "API: expiring within 30 days": lambda: f"{_API}/certificates?expires_within=30d",
        "API: a certificate": lambda: f"{_API}/certificates/{some.first + some.number()}",
        "API: summary": lambda: f"{_API}/summary",
        "CSV, the first page": lambda: f"{_API}/certificates.csv?state=all",
        "calendar of 30 days of a team": lambda: (
            f"{_API}/calendar.ics?expires_within=30d&owner=team-{some.number() % 40}"
        ),
    }


def ask(client, path):
    """The answer, of a stream the beginning."""
    answer = client.get(path)
    if answer.status_code != 200:
        raise SystemExit(f"{path}: {answer.status_code}")
    if answer.streaming:
        list(islice(answer.streaming_content, 2))
        answer.close()
        answer._iterator.close()


def measure(client, make, rounds):
    """Milliseconds of each asking, of the processor too, and the statements of one."""
    times, worked = [], []
    for _ in range(rounds):
        path = make()
        started, before = time.perf_counter(), time.process_time()
        ask(client, path)
        times.append((time.perf_counter() - started) * 1000)
        worked.append((time.process_time() - before) * 1000)
    path = make()
    with CaptureQueriesContext(connection) as queries:
        ask(client, path)
    return times, worked, queries


def main():
    rounds = int(sys.argv[1])
    person = User.objects.filter(username="bench").first() or User.objects.create_superuser("bench")
    client = Client()
    client.force_login(person)
    for name, make in paths().items():
        ask(client, make())
        times, worked, queries = measure(client, make, rounds)
        if "-v" in sys.argv:
            for query in sorted(queries, key=lambda q: -float(q["time"]))[:3]:
                print("   ", query["time"], query["sql"][:1500])
        found = {
            "page": name,
            "median": median(times),
            "cpu": median(worked),
            "p95": quantiles(times, n=20)[-1],
            "statements": len(queries),
        }
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()

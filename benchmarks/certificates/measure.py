"""What `python -m benchmarks.certificates` runs.

Six in ten certificates are served, three stored, one only heard of; one in fifty is near its end.
Counted, in CPU-seconds of this process (the database's own come on top on PostgreSQL):

first    the first judging of everything: owners, lineages, findings
tell     the gateway is told of what ends, and stores the alerts
route    the gateway asks its policy with all subscriptions about those
judge    a full pass over everything that is due once more, when little has changed
match    all subscriptions asked about every certificate's labels, as if each were an alert

The bar of ten CPU-seconds is for judge + match.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import django

django.setup()

from django.core.management import call_command
from django.db import connection

from alerts.models import Alert, Channel, Subscription
from alerts.policy import load_policy
from alerts.route import route_transitions
from alerts.tasks import DecisionOutbox
from benchmarks.certificates.fill import NOW, fill
from certs.judge.certificates import judge_certificates
from certs.models import Certificate, Finding
from certs.tell import tell_findings
from opsportal.accounts.models import Team
from opsportal.lib.memory import calm_collector
from opsportal.lib.outbox import claim_due

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Subject:
    """A certificate as matchers would see its alert."""

    pk: int
    labels: dict[str, str]
    runbook_url: str = ""

    def matched_labels(self) -> dict[str, str]:
        """A copy, which the policy may change."""
        return dict(self.labels)


def measure(certificates: int, subscriptions: int) -> None:
    """Print a table."""
    call_command("migrate", verbosity=0)
    # As in workers.
    calm_collector()
    fill(certificates)
    _subscribe(subscriptions)
    print(f"{connection.vendor}: {certificates:,} certificates, {subscriptions} subscriptions")
    first = _timed("first", lambda: judge_certificates(now=NOW))
    told = _timed("tell", lambda: tell_findings(now=NOW))
    _timed("route", _route)
    Certificate.objects.update(judge_at=NOW)
    judged = _timed("judge", lambda: judge_certificates(now=NOW + HOUR))
    matched = _timed("match", _match)
    print(f"judge + match: {judged + matched:.1f} CPU-seconds; first + tell: {first + told:.1f}")
    print(f"{Finding.objects.count():,} findings, {Alert.objects.count():,} alerts")
    connection.close()


def _timed(name: str, work: Callable[[], int]) -> float:
    began, wall = time.process_time(), time.monotonic()
    count = work()
    spent = time.process_time() - began
    each = spent / max(count, 1) * 1e6
    wall = time.monotonic() - wall
    print(f"{name:6} {count:>8,} {spent:8.2f} CPU-s {wall:8.2f} s {each:8.1f} us each", flush=True)
    return spent


def _subscribe(count: int) -> None:
    """A third by domain, the others by patterns, owners, days and environments."""
    team = Team.objects.order_by("pk").first()
    channel = Channel(name="ops", kind="email")
    channel.settings = {"to": ["ops@example.org"]}
    channel.save()
    for number in range(count):
        match = (
            f'{{source="certs", domain="d{number}.example.com"}}',
            f'{{source="certs", certificate=~"h[0-9]*{number}[.].*", days_left<"14"}}',
            f'{{source="certs", owner="team-{number % 20}", lifetime_days>"30"}}',
            f'{{source="certs", issuer=~".*CA {number % 7}", environment="prod"}}',
            f'{{finding="expiring", endpoints>"{number}", use="served"}}',
        )[number % 5]
        Subscription.objects.create(name=f"s{number}", team=team, channel=channel, match=match)


def _route() -> int:
    total = 0
    while rows := claim_due(DecisionOutbox(), NOW, 500):
        route_transitions(rows, now=NOW)
        total += len(rows)
    return total


def _match() -> int:
    policy = load_policy()
    rows = Certificate.objects.values_list(
        "pk", "title", "issuer_title", "team__name", "environment", "use"
    )
    total = 0
    base = dict.fromkeys(
        ("name", "severity", "status", "service", "resource", "region", "dedup_key", "summary",
         "value"), "",
    )  # fmt: skip
    for pk, title, issuer, team, environment, use in rows.iterator(chunk_size=2000):
        labels = base | {
            "source": "certs", "certificate": title, "domain": title.partition(".")[2],
            "issuer": issuer, "team": team or "", "owner": team or "", "environment": environment,
            "use": use, "finding": "expiring", "days_left": str(pk % 90), "lifetime_days": "90",
            "endpoints": "1",
        }  # fmt: skip
        policy.decide(_Subject(pk, labels), "warning", now=NOW)
        total += 1
    return total


if __name__ == "__main__":
    measure(*map(int, sys.argv[1:3]))

"""What `python -m benchmarks.route` runs.

One rule of all tells; half the others look for a service, a quarter each for a pattern of a label
that differs from alert to alert ("unlike") and for a severity. Claiming and storing alerts is not
counted. The figures are medians of CPU time, and the ratio is to ten rules.
"""

import gc
import statistics
import sys
import time

import django

django.setup()

from django.core.management import call_command
from django.db import connection

from alerts.change import save_channel, save_rule
from alerts.models import Alert, Channel, Notification, Rule, RuleAction
from alerts.normalise import AlertEvent
from alerts.receive import receive_alerts
from alerts.route import route_transitions
from alerts.tasks import DecisionOutbox
from opsportal.accounts.actors import Actor
from opsportal.lib.outbox import claim_due
from opsportal.lib.times import utc_now

ROUNDS, BATCH = 9, 500
ACTOR = Actor("benchmark", None, None)


def measure(counts: list[int]) -> None:
    """Print a table."""
    call_command("migrate", verbosity=0)
    print(f"{connection.vendor}, batches of {BATCH}, {ROUNDS} rounds: microseconds for one alert")
    print(f"{'rules':>6} {'alike':>8} {'unlike':>8} {'ratio':>6}")
    figures = {count: [_cost(count, unlike=unlike) for unlike in (False, True)] for count in counts}
    base = figures.get(10) or figures[counts[0]]
    for count, (alike, unlike) in figures.items():
        print(f"{count:>6} {alike:>8.1f} {unlike:>8.1f} {unlike / base[1]:>6.2f}")
    connection.close()


def _cost(count: int, *, unlike: bool) -> float:
    """Median of the rounds; the first warms up."""
    _make_rules(count)
    times = []
    for number in range(ROUNDS + 1):
        _post(number, unlike=unlike)
        rows = claim_due(DecisionOutbox(), utc_now(), BATCH)
        assert len(rows) == BATCH
        gc.collect()
        start = time.process_time()
        route_transitions(rows, now=utc_now())
        times.append((time.process_time() - start) / BATCH * 1e6)
    return statistics.median(times[1:])


def _make_rules(count: int) -> None:
    now = utc_now()
    Notification.objects.all().delete()
    Alert.objects.all().delete()
    Rule.objects.all().delete()
    channel = Channel.objects.filter(name="ops").first()
    if channel is None:
        channel = Channel(name="ops", kind="email")
        channel.settings = {"to": ["ops@example.org"]}
        save_channel(channel, actor=ACTOR, now=now)
    for number in range(count):
        rule = Rule(name=f"rule {number}", match=_match(number), order=number)
        save_rule(rule, [RuleAction(kind="notify", channel=channel)], actor=ACTOR, now=now)


def _match(number: int) -> str:
    if number == 0:
        return '{service="billing"}'
    return (
        f'{{service="service-{number}", severity=~"critical|high"}}',
        f'{{service="service-{number}"}}',
        f'{{host=~"rack-{number}-.*"}}',
        f'{{severity="info", zone!="zone-{number}"}}',
    )[number % 4]


def _post(batch: int, *, unlike: bool) -> None:
    events = [
        AlertEvent(
            name="DiskFull",
            dedup_key=f"{batch}-{number}",
            summary="Disk is full",
            service="billing",
            resource=f"host-{number}",
            labels={
                "host": f"rack-{batch}-{number}" if unlike else "rack-0-0",
                "zone": "a",
                "job": "node",
                "instance": f"{batch}.{number}:9100",
            },
        )
        for number in range(BATCH)
    ]
    receive_alerts(events, now=utc_now())


if __name__ == "__main__":
    measure([int(count) for count in sys.argv[1].split(",")])

"""Tell the gateway: one alert for each certificate about its end, one for each other finding."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, QuerySet

from alerts.complete import complete_alerts
from alerts.models import Alert
from alerts.normalise import RESOLVED, SEVERITY_RANK, AlertEvent
from alerts.receive import receive_alerts
from certs.judge.known import ENDPOINT_COLUMNS, Known, World, load_known, load_world
from certs.models import Certificate, Endpoint, Finding
from certs.tell.words import SOURCE, Told, firing
from opsportal.lib.deadlocks import start_over
from opsportal.lib.ids import IdIn

PREFIX = "certs:"
# One thing to an operator. That an old one is still served is told by itself: who has renewed it
# and thinks it is done is to hear of that.
OF_THE_END = ("expiring", "expired")
_BATCH = 200


def tell_findings(*, now: datetime) -> int:
    """Tell of whatever is news; how many findings.

    Alerts and the note that they were raised are one transaction: nothing is lost or told twice.
    """
    total = 0
    while told := start_over(lambda: _tell_some(now)):
        total += told
    return total


def key_of(finding: Finding) -> str:
    """Of its alert."""
    if finding.kind in OF_THE_END and finding.certificate_id and not finding.endpoint_id:
        return f"{PREFIX}certificate:{finding.certificate_id}:end"
    return f"{PREFIX}finding:{finding.fingerprint}"


def alert_keys_of(certificate_id: int, findings: Sequence[Finding]) -> list[str]:
    """Of all alerts that a certificate with these findings had."""
    end = f"{PREFIX}certificate:{certificate_id}:end"
    return list(dict.fromkeys([end, *map(key_of, findings)]))


def end_alerts(findings: QuerySet[Finding], *, now: datetime) -> None:
    """What these were told of is over, since what they are about is removed with them.

    In the caller's transaction.
    """
    # Locked, so that nobody tells of them meanwhile.
    rows = findings.select_for_update(of=("self",)).exclude(told_severity="").order_by("pk")
    keys = [key_of(row) for row in rows.filter(Q(closed_at=None) | Q(to_tell=True))]
    receive_alerts(
        [
            AlertEvent(name="", dedup_key=key, status=RESOLVED, source=SOURCE, ends_at=now)
            for key in keys
        ],
        now=now,
    )


@transaction.atomic
def _tell_some(now: datetime) -> int:
    news = list(
        Finding.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(to_tell=True)
        .order_by("pk")[:_BATCH]
    )
    if not news:
        return 0
    groups: dict[str, list[Finding]] = {}
    for row in news:
        groups.setdefault(key_of(row), []).append(row)
    open_rows = _open_findings(news)
    for key in groups:
        groups[key] = [row for row in open_rows.get(key, ()) if row.severity]
    closed = {key_of(row): row for row in news if row.closed_at is not None}
    events = _events(groups, closed, now)
    # A certificate is often stored before it is seen to be served, which says whose it is.
    complete_alerts(events)
    receive_alerts(events, now=now)
    ids = [row.pk for row in news]
    Finding.objects.filter(IdIn(ids)).update(to_tell=False, told_at=now)
    Finding.objects.filter(IdIn(ids), closed_at=None).update(told_severity=F("severity"))
    return len(news)


def _open_findings(news: Sequence[Finding]) -> dict[str, list[Finding]]:
    """What is wrong now, by alert: also what was told before. Two queries."""
    ends = [row.certificate_id for row in news if row.certificate_id and row.kind in OF_THE_END]
    rows = list(
        Finding.objects.filter(
            IdIn(sorted(set(ends)), "certificate_id"), closed_at=None, endpoint=None,
            kind__in=OF_THE_END,
        )
    )  # fmt: skip
    singles = [row.pk for row in news if row.closed_at is None and row.kind not in OF_THE_END]
    rows += Finding.objects.filter(IdIn(singles))
    found: dict[str, list[Finding]] = {}
    for row in rows:
        found.setdefault(key_of(row), []).append(row)
    for each in found.values():
        each.sort(key=lambda row: (-SEVERITY_RANK.get(row.severity, 0), row.pk))
    return found


def _events(
    groups: Mapping[str, Sequence[Finding]], closed: Mapping[str, Finding], now: datetime
) -> list[AlertEvent]:
    over = [key for key, rows in groups.items() if not rows]
    # An episode that somebody has resolved is not opened again to be ended.
    still_open = Alert.objects.filter(dedup_key__in=over, resolved_at=None)
    severities = dict(still_open.values_list("dedup_key", "received_severity"))
    wanted = [row for rows in groups.values() for row in rows]
    wanted += [closed[key] for key in severities if key in closed]
    told = _subjects(wanted, now)
    events = []
    for key, rows in groups.items():
        if rows:
            events.append(firing(key, rows, told))
        elif key in severities:
            if key in closed:
                # What its end says is why.
                events.append(firing(key, [closed[key]], told, severity=severities[key]))
            events.append(
                AlertEvent(name="", dedup_key=key, status=RESOLVED, source=SOURCE, ends_at=now)
            )
    return events


def _subjects(findings: Sequence[Finding], now: datetime) -> Told:
    """Certificates, endpoints and sources of these, with what is known of them."""
    world: World = load_world()
    ids = sorted({row.certificate_id for row in findings if row.certificate_id})
    rows = {
        row.pk: row
        for row in Certificate.objects.filter(IdIn(ids))
        .select_related("team", "replaced_by")
        .defer("der", "replaced_by__der")
    }
    known: dict[int, Known] = load_known(ids, world)
    missing = {row.endpoint_id for row in findings if row.endpoint_id} - world.endpoints.keys()
    if missing:
        others = Endpoint.objects.filter(IdIn(sorted(missing))).only(*ENDPOINT_COLUMNS)
        world.endpoints |= {row.pk: row for row in others}
    return Told(rows, known, world, now)

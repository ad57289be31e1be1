"""Alerts at once for who stops or alters a trail: after it nothing more may be heard."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from alerts.normalise import FIRING, RESOLVED, AlertEvent, Link
from alerts.receive import receive_alerts
from security.models import ApiActivity

NAME = "TrailTampered"
STOPS = {"StopLogging": "stopped", "DeleteTrail": "deleted"}
ALTERS = {
    "UpdateTrail": "altered",
    "PutEventSelectors": "given other selectors",
    "PutInsightSelectors": "given other insight selectors",
}
STARTS = ("StartLogging", "CreateTrail")
# An alteration is told once; a trail that was stopped stays an alert until it is started.
ALTERED_FOR = timedelta(hours=24)
WATCHED = (*STOPS, *ALTERS, *STARTS)


def watch_trails(activities: Sequence[ApiActivity], *, now: datetime) -> int:
    """Raise and resolve what these calls say of trails; how many. Told late, or in another order,
    it comes to the same: a trail that was started since is not alerted on.

    Whoever may post to the door could say that a trail was started: that only ends what the door
    said itself.
    """
    calls = [row for row in activities if row.service == "cloudtrail" and row.action in WATCHED]
    if not calls:
        return 0
    started = _started(calls)
    events = [
        event
        for row in sorted(calls, key=lambda row: (row.at, row.pk))
        for event in _events(row, started, now)
    ]
    receive_alerts(events, now=now)
    return len(events)


def trail_of(activity: ApiActivity) -> str:
    """The trail's name, of its name or ARN."""
    name = activity.request.get("name") or activity.request.get("trailName") or ""
    return str(name).rpartition("/")[2][:128]


def _started(calls: Sequence[ApiActivity]) -> dict[tuple[int, str, bool], datetime]:
    """When each trail was last started, as far as that is known; and as far as a queue says so."""
    rows = ApiActivity.objects.filter(
        Q(action__in=STARTS),
        account_id__in={row.account_id for row in calls},
        at__gte=min(row.at for row in calls),
        service="cloudtrail",
        error_code="",
    )
    found: dict[tuple[int, str, bool], datetime] = {}
    for row in rows:
        for posted in {True, _posted(row)}:
            key = (row.account_id, trail_of(row), posted)
            found[key] = max(row.at, found.get(key, row.at))
    return found


def _posted(row: ApiActivity) -> bool:
    return row.via == ApiActivity.Via.HOOK


def _events(
    row: ApiActivity, started: Mapping[tuple[int, str, bool], datetime], now: datetime
) -> list[AlertEvent]:
    failed = bool(row.error_code)
    if row.action in STARTS:
        both = (True,) if _posted(row) else (True, False)
        return [] if failed else [_over(_key(row, "stopped", posted), now) for posted in both]
    if row.action not in STOPS:
        return [_firing(row, "tried" if failed else "altered")]
    since = started.get((row.account_id, trail_of(row), _posted(row)))
    if since is not None and since >= row.at:
        return []
    if failed:
        return [_firing(row, "tried")]
    # What was posted before the queue said it is said by the queue from now on.
    before = [] if _posted(row) else [_over(_key(row, "stopped", posted=True), now)]
    return [*before, _firing(row, "stopped")]


def _key(row: ApiActivity, deed: str, posted: bool) -> str:
    end = f":{deed}:posted" if posted and deed == "stopped" else f":{deed}"
    return f"security:trail:{row.account.account_id}:{trail_of(row)}{end}"


def _over(key: str, now: datetime) -> AlertEvent:
    return AlertEvent(name=NAME, dedup_key=key, status=RESOLVED, ends_at=now, source="opsportal")


def _firing(row: ApiActivity, which: str) -> AlertEvent:
    trail, account = trail_of(row), row.account
    stops, failed = row.action in STOPS, bool(row.error_code)
    deed = (STOPS | ALTERS)[row.action]
    who = row.actor or "AWS"
    words = f"{who} tried to have the trail {trail} {deed}" if failed else (
        f"The trail {trail} was {deed} by {who}"
    )  # fmt: skip
    severity = "critical" if stops and not failed else "high" if stops else "warning"
    return AlertEvent(
        name=NAME,
        dedup_key=_key(row, which, _posted(row)),
        status=FIRING,
        severity=severity,
        summary=f"{words} in {account.name}"[:1024],
        description=_description(row),
        source="opsportal",
        service="cloudtrail",
        resource=trail,
        region=row.region,
        labels={"account": account.account_id, "account_name": account.name, "actor": who},
        links=(Link(f"{settings.PUBLIC_URL}/security/unannounced/", "What is not announced"),),
        timeout=None if stops and not failed else ALTERED_FOR,
        team_id=account.team_id,
    )


def _description(row: ApiActivity) -> str:
    lines = [
        f"{row.action} at {row.at:%Y-%m-%d %H:%M:%S} UTC from {row.source_address or 'unknown'}",
        f"by {row.principal_arn or row.actor or 'AWS'}",
        f"with {row.user_agent}" if row.user_agent else "",
        f"It was refused: {row.error_code}." if row.error_code else "",
        "Heard by a post to the portal's door." if row.via == ApiActivity.Via.HOOK else "",
    ]
    return "\n".join(line for line in lines if line)

"""Events of EventBridge: through SNS, or straight from an API destination.

Sources: "Events" in the EventBridge user guide; of the single kinds the user guides of CloudWatch
("Alarm events and EventBridge"), EC2 ("State change events"), AWS Health ("Amazon EventBridge
schema") and GuardDuty ("Processing findings with Amazon EventBridge"); ACM's are in `acm.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

import msgspec

from alerts.formats import AlertFormat
from alerts.formats.aws.acm import certificate_event
from alerts.formats.aws.cloudwatch import alarm_event, alarm_key, alarm_of_event
from alerts.formats.aws.event import Event
from alerts.formats.aws.fields import severity, tag, web_console
from alerts.formats.native import joined_key
from alerts.normalise import FIRING, RESOLVED, AlertEvent, Link, answers
from chronos.formats.eventbridge import read_change
from chronos.formats.reading import answer_changes
from opsportal.lib.contracts import KEY_IN_PATH, Parsed, Received, Reply, split_json
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.fields import instant, number, rows, table, text

# Nothing will ever say that it is over, so it is over so long after it was last said.
LASTS = timedelta(days=1)
# What AWS Health calls what it tells of. (`eventTypeCategory`)
_HEALTH = MappingProxyType(
    {"issue": "high", "investigation": "warning", "scheduledChange": "warning"}
)
_json = msgspec.json.Decoder(dict[str, Any])


class EventBridgeFormat(AlertFormat):
    """`POST /hooks/eventbridge`: an API destination's requests."""

    slug = "eventbridge"
    label = "Amazon EventBridge"
    paths = ("/hooks/eventbridge", f"/hooks/eventbridge{KEY_IN_PATH}")
    max_body = 2 * 1024 * 1024

    def parse(self, received: Received) -> Parsed:
        """One event; its id is the same when it is sent again."""
        members, many = split_json(received.body)
        if many:
            raise PayloadError("Send one event, as EventBridge does.")
        payload = members[0]
        try:
            event = _json.decode(payload)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise PayloadError(f"This is no event of EventBridge: {error}") from error
        if not is_event(event):
            message = "is required, as a text"
            names = [n for n in ("detail-type", "source") if not isinstance(event.get(n), str)]
            raise PayloadError(
                "This is no event of EventBridge.",
                [FieldError(name, message) for name in names]
                or [FieldError("detail", "must be an object")],
            )
        token = text(event.get("id"), 100)
        parsed = parse_event(event, received, payload)
        return replace(parsed, many=False, token=token)

    def answer(self, parsed: Parsed, receipts: Sequence[Any]) -> Reply:
        """200 with what became of it."""
        return answer_event(parsed, receipts)


def answer_event(parsed: Parsed, receipts: Sequence[Any]) -> Reply:
    """200 with what became of alerts, or of a change."""
    if parsed.changes:
        return answer_changes(parsed, receipts)
    return Reply(200, msgspec.json.encode({"results": answers(receipts), "note": parsed.note}))


def is_event(message: Mapping[str, Any]) -> bool:
    """Whether JSON is an event of EventBridge."""
    named = all(isinstance(message.get(name), str) for name in ("detail-type", "source"))
    return named and isinstance(message.get("detail"), dict)


def parse_event(
    event: Mapping[str, Any],
    received: Received,
    payload: bytes,
    hints: Mapping[str, str] = MappingProxyType({}),
) -> Parsed:
    """What the event says. Only Amazon itself can send as `aws....`, so others are not read so.

    Deployments, and calls that CloudTrail saw, are for the timeline.
    """
    change = read_change(event)
    if isinstance(change, str):
        return Parsed((), note=change)
    if change is not None:
        return Parsed((), changes=[change])
    kind = (text(event["source"], 300), text(event["detail-type"], 300))
    reader = _READERS.get(kind)
    if reader is None:
        return Parsed([_other(Event(event, received, payload, hints))])
    found = reader(Event(event, received, payload, hints))
    return Parsed([found]) if isinstance(found, AlertEvent) else Parsed((), note=found)


def _alarm(event: Event) -> AlertEvent:
    return alarm_event(alarm_of_event(event.event), event.received, event.payload, event.hints)


def _alarm_setup(event: Event) -> AlertEvent | str:
    """An alarm that is deleted says no more, so what it said is over."""
    if event.detail.get("operation") != "delete":
        return "The alarm itself was changed, not its state."
    alarm = alarm_of_event(event.event)
    return event.make(
        name=alarm.name or "CloudWatch alarm", dedup_key=alarm_key(alarm), status=RESOLVED
    )


def _instance(event: Event) -> AlertEvent | str:
    """An instance that stops fires until it runs; one that is terminated, for a day."""
    state, instance = (
        text(event.detail.get("state"), 100),
        text(event.detail.get("instance-id"), 300),
    )
    if state == "pending":
        return "The instance is about to run."
    running = state == "running"
    return event.make(
        name="EC2 instance is not running",
        dedup_key=joined_key(["ec2", event.account, event.region, instance, "state"]),
        status=RESOLVED if running else FIRING,
        severity=severity(event.hints, "warning"),
        summary=f"{instance} is {state}",
        resource=instance,
        labels={"InstanceId": instance, "state": state},
        timeout=LASTS if state in ("terminated", "shutting-down") else None,
    )


def _health(event: Event) -> AlertEvent:
    """One alert for all that is said of an event, of each account that it concerns."""
    detail = event.detail
    arn = text(detail.get("eventArn"), 1000)
    account = text(detail.get("affectedAccount"), 100) or event.account
    category = text(detail.get("eventTypeCategory"), 100)
    # The schema says `statusCode`, the API of Health `eventStatusCode`.
    status = text(detail.get("statusCode") or detail.get("eventStatusCode"), 100).lower()
    described = [table(row) for row in rows(detail.get("eventDescription"))]
    english = [row for row in described if text(row.get("language"), 10).startswith("en")]
    words = text((english or described or [{}])[0].get("latestDescription"), 32_768)
    name = text(detail.get("eventTypeCode"), 300) or "AWS Health event"
    over = status == "closed"
    times = {"ends_at": instant(detail.get("endTime")) or instant(event.event.get("time"))}
    if not over:
        times = {"starts_at": instant(detail.get("startTime"))}
    return event.make(
        name=name,
        dedup_key=joined_key(["health", account, arn or name]),
        status=RESOLVED if over else FIRING,
        severity=severity(event.hints, _HEALTH.get(category, "info")),
        summary=words.strip().partition("\n")[0][:1024],
        description=words,
        region=text(detail.get("eventRegion"), 100) or event.region,
        labels={
            "affected_account": account,
            "aws_service": text(detail.get("service"), 300),
            "category": category,
            "status": status,
        },
        **times,
    )


def _finding(event: Event) -> AlertEvent:
    """GuardDuty tells how bad it is from 1 to 10; an archived finding is over."""
    detail = event.detail
    resource = table(detail.get("resource"))
    instance = text(table(resource.get("instanceDetails")).get("instanceId"), 300)
    identifier = text(detail.get("id"), 300)
    score = number(detail.get("severity"))
    console = web_console(event.region)
    href = (
        f"{console}/guardduty/home?region={event.region}#/findings?macros=current&fId={identifier}"
    )
    over = table(detail.get("service")).get("archived") is True
    return event.make(
        name=text(detail.get("type"), 300) or "GuardDuty finding",
        dedup_key=joined_key(["guardduty", text(detail.get("arn"), 1000) or identifier]),
        status=RESOLVED if over else FIRING,
        severity=_finding_severity(score),
        summary=text(detail.get("title"), 1024),
        description=text(detail.get("description"), 32_768),
        resource=instance or text(resource.get("resourceType"), 300),
        labels={"InstanceId": instance, "resource_type": text(resource.get("resourceType"), 300)},
        links=(Link(href, "GuardDuty"),) if console and identifier.isalnum() else (),
        value=score,
    )


def _finding_severity(score: float | None) -> str:
    """Low below 4, medium below 7, high below 9, critical ("Severity levels", GuardDuty)."""
    if score is None or 4 <= score < 7:
        return "warning"
    if score < 4:
        return "low"
    return "high" if score < 9 else "critical"


def _other(event: Event) -> AlertEvent:
    """Any other: an alert by its name, the same for the same resources."""
    detail = event.detail
    source, name = text(event.event["source"], 300), text(event.event["detail-type"], 300)
    said = tag({k: v for k, v in detail.items() if isinstance(v, str)}, "message", "description")
    where = [event.account, event.region, *sorted(event.resources)]
    hints = {"severity": text(detail.get("severity"), 100)}
    return event.make(
        name=name or source or "EventBridge event",
        dedup_key=joined_key(["eventbridge", source, name, *where]),
        severity=severity(hints, severity(event.hints, "warning")),
        summary=said[:1024] or f"{name} of {source}",
        description=said[:32_768],
        timeout=LASTS,
    )


_Reader = Callable[[Event], AlertEvent | str]
_READERS: Mapping[tuple[str, str], _Reader] = MappingProxyType(
    {
        ("aws.cloudwatch", "CloudWatch Alarm State Change"): _alarm,
        ("aws.cloudwatch", "CloudWatch Alarm Contributor State Change"): _alarm,
        ("aws.cloudwatch", "CloudWatch Alarm Configuration Change"): _alarm_setup,
        ("aws.ec2", "EC2 Instance State-change Notification"): _instance,
        ("aws.health", "AWS Health Event"): _health,
        ("aws.health", "AWS Health Abuse Event"): _health,
        ("aws.guardduty", "GuardDuty Finding"): _finding,
        ("aws.acm", "ACM Certificate Approaching Expiration"): certificate_event,
        ("aws.acm", "ACM Certificate Renewal Action Required"): certificate_event,
        ("aws.acm", "ACM Certificate Expired"): certificate_event,
        ("aws.acm", "ACM Certificate Revoked"): certificate_event,
        ("aws.acm", "ACM Certificate Available"): certificate_event,
    }
)

"""Alarms of CloudWatch, as SNS delivers them and as EventBridge does.

Sources: the payloads of aws-lambda-go (events/testdata/cloudwatch-alarm-sns-payload-*.json), and
"Alarm events and EventBridge" and "Alarm tags in action payloads" in the CloudWatch user guide.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from alerts.formats.aws.fields import labels, pairs, severity, tag, web_console
from alerts.formats.native import joined_key
from alerts.normalise import FIRING, RESOLVED, AlertEvent, Link
from opsportal.lib.contracts import Received
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.fields import inner, instant, number, rows, table, text

_NOTHING: Mapping[str, str] = MappingProxyType({})
ALARM, OK, INSUFFICIENT_DATA = "ALARM", "OK", "INSUFFICIENT_DATA"
# "... datapoints [1234.0 (06/03/15 17:43:27), ...] was greater than ...": the newest first.
_DATAPOINT = re.compile(r"\[(-?[0-9.]{1,30}(?:[eE][-+]?[0-9]{1,3})?) \(")


@dataclass(frozen=True, slots=True)
class Metric:
    """One that the alarm looks at."""

    namespace: str = ""
    name: str = ""
    dimensions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An alarm's change of state, whichever way it came."""

    name: str
    state: str
    arn: str = ""
    account: str = ""
    region: str = ""
    previous: str = ""
    reason: str = ""
    reason_data: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""
    changed_at: datetime | None = None
    metrics: Sequence[Metric] = ()
    # Of metric maths, and of a composite alarm.
    expression: str = ""
    rule: str = ""
    children: Sequence[str] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    # Of an alarm with many time series: which of them.
    contributor: str = ""
    contributor_attributes: Mapping[str, str] = field(default_factory=dict)
    suppressed_by: str = ""

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn` or `aws-us-gov`."""
        return self.arn.split(":")[1] if self.arn.count(":") >= 5 else "aws"

    @property
    def home(self) -> str:
        """The region by its code, which the ARN has; `Region` of SNS is a name for people."""
        return self.arn.split(":")[3][:100] if self.arn.count(":") >= 5 else self.region


def is_notification(message: Mapping[str, Any]) -> bool:
    """Whether a message of SNS is an alarm's."""
    return isinstance(message.get("AlarmName"), str) and "NewStateValue" in message


def alarm_of_notification(message: Mapping[str, Any]) -> Alarm:
    """What stands in the `Message` of SNS."""
    trigger = table(message.get("Trigger"))
    math = [table(row) for row in rows(trigger.get("Metrics"))]
    found = [_metric(trigger)] if trigger.get("MetricName") else []
    found += [_metric(table(table(row.get("MetricStat")).get("Metric"))) for row in math]
    contributor = table(message.get("AlarmContributor"))
    return Alarm(
        name=text(message.get("AlarmName"), 300),
        state=text(message.get("NewStateValue"), 100),
        arn=_arn(message.get("AlarmArn")),
        account=text(message.get("AWSAccountId"), 100),
        region=text(message.get("Region"), 100),
        previous=text(message.get("OldStateValue"), 100),
        reason=text(message.get("NewStateReason"), 4096),
        reason_data=inner(message.get("NewStateReasonData")),
        description=text(message.get("AlarmDescription"), 32_768),
        changed_at=instant(message.get("StateChangeTime")),
        metrics=found,
        expression=_expression(math),
        rule=text(message.get("AlarmRule"), 4096),
        children=[text(table(c).get("Arn"), 300) for c in rows(message.get("TriggeringChildren"))],
        tags=pairs(message.get("AlarmTags")),
        contributor=text(message.get("AlarmContributorId") or contributor.get("Id"), 100),
        contributor_attributes=pairs(
            message.get("AlarmContributorAttributes") or contributor.get("Attributes")
        ),
    )


def alarm_of_event(event: Mapping[str, Any]) -> Alarm:
    """What stands in an event of EventBridge."""
    detail = table(event.get("detail"))
    state, setup = table(detail.get("state")), table(detail.get("configuration"))
    math = [table(row) for row in rows(setup.get("metrics"))]
    reason_data = inner(state.get("reasonData"))
    contributor = table(detail.get("alarmContributor"))
    return Alarm(
        name=text(detail.get("alarmName"), 300),
        state=text(state.get("value"), 100),
        arn=_arn(next(iter(rows(event.get("resources"))), "")),
        account=text(event.get("account"), 100),
        region=text(event.get("region"), 100),
        previous=text(table(detail.get("previousState")).get("value"), 100),
        reason=text(state.get("reason"), 4096),
        reason_data=reason_data,
        description=text(setup.get("description"), 32_768),
        changed_at=instant(state.get("timestamp")) or instant(event.get("time")),
        metrics=[_metric(table(table(row.get("metricStat")).get("metric"))) for row in math],
        expression=_expression(math),
        rule=text(setup.get("alarmRule"), 4096),
        children=[
            text(table(c).get("arn"), 300) for c in rows(reason_data.get("triggeringAlarms"))
        ],
        tags=pairs(detail.get("alarmTags")),
        contributor=text(contributor.get("id"), 100),
        contributor_attributes=pairs(contributor.get("attributes")),
        suppressed_by=text(
            state.get("actionsSuppressedBy") or table(detail.get("muteDetail")).get("mutedByArn"),
            300,
        ),
    )


def alarm_event(
    alarm: Alarm, received: Received, payload: bytes, hints: Mapping[str, str] = _NOTHING
) -> AlertEvent:
    """The event. Data that is missing is a warning of its own, and never the end of an alarm.

    `hints` may say how bad it is, where the alarm's tags do not. Raises PayloadError for a state
    that no alarm has.
    """
    if alarm.state not in (ALARM, OK, INSUFFICIENT_DATA) or not alarm.name:
        message = "must be ALARM, OK or INSUFFICIENT_DATA, of an alarm with a name"
        raise PayloadError("The alarm is not valid.", [FieldError("NewStateValue", message)])
    over, missing = alarm.state == OK, alarm.state == INSUFFICIENT_DATA
    dimensions = _agreed(metric.dimensions for metric in alarm.metrics)
    dimensions = {**dimensions, **alarm.contributor_attributes}
    return AlertEvent(
        name=alarm.name,
        dedup_key=alarm_key(alarm),
        status=RESOLVED if over else FIRING,
        severity="warning" if missing else severity(alarm.tags, severity(hints, "high")),
        summary=alarm.reason[:1024],
        description=alarm.description,
        source="cloudwatch",
        service=tag(alarm.tags, "service")[:200],
        environment=tag(alarm.tags, "environment", "env")[:100],
        resource=_resource(dimensions),
        region=alarm.home,
        labels=labels([*_words(alarm).items(), *dimensions.items(), *alarm.tags.items()]),
        annotations=labels(
            [
                ("previous_state", alarm.previous),
                ("expression", alarm.expression),
                ("alarm_rule", alarm.rule),
                ("triggered_by", ", ".join(alarm.children[:20])),
            ]
        ),
        links=_links(alarm),
        value=_value(alarm),
        starts_at=None if over else alarm.changed_at,
        ends_at=alarm.changed_at if over else None,
        team_id=received.team_id,
        payload=payload,
    )


def alarm_key(alarm: Alarm) -> str:
    """The same for every state of an alarm, and for both ways that it may come."""
    if alarm.arn:
        return joined_key([alarm.arn, alarm.contributor] if alarm.contributor else [alarm.arn])
    return joined_key(["cloudwatch", alarm.account, alarm.home, alarm.name, alarm.contributor])


def _arn(value: object) -> str:
    given = text(value, 1000)
    return given if given.startswith("arn:") else ""


def _metric(metric: Mapping[str, Any]) -> Metric:
    """In the words of SNS, or in those of EventBridge."""
    return Metric(
        namespace=text(metric.get("Namespace") or metric.get("namespace"), 300),
        name=text(metric.get("MetricName") or metric.get("name"), 300),
        dimensions=pairs(metric.get("Dimensions") or metric.get("dimensions")),
    )


def _expression(math: Sequence[Mapping[str, Any]]) -> str:
    """The one that the alarm watches."""
    found = [row for row in math if row.get("Expression") or row.get("expression")]
    watched = [row for row in found if row.get("ReturnData") or row.get("returnData")] or found
    return (
        text(watched[0].get("Expression") or watched[0].get("expression"), 4096) if watched else ""
    )


def _agreed(given: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """What all say, or only some do; not that of which they say different things."""
    found: dict[str, set[str]] = {}
    for some in given:
        for name, value in some.items():
            found.setdefault(name, set()).add(value)
    return {name: values.pop() for name, values in found.items() if len(values) == 1}


def _words(alarm: Alarm) -> dict[str, str]:
    """Labels of what every alarm has; rules tell missing data from an alarm by `state`."""
    looked_at = [metric for metric in alarm.metrics if metric.name]
    metrics = [{"namespace": metric.namespace, "metric": metric.name} for metric in looked_at]
    return {
        "account": alarm.account,
        "state": alarm.state,
        "suppressed_by": alarm.suppressed_by,
        **_agreed(metrics),
    }


def _resource(dimensions: Mapping[str, str]) -> str:
    """The instance, or what the only dimension names."""
    only = next(iter(dimensions.values())) if len(dimensions) == 1 else ""
    return dimensions.get("InstanceId", only)[:300]


def _links(alarm: Alarm) -> tuple[Link, ...]:
    """The alarm's page in the web console."""
    console = web_console(alarm.home, alarm.partition)
    name = quote(alarm.name, safe="")
    href = f"{console}/cloudwatch/deeplink.js?region={alarm.home}#alarmsV2:alarm/{name}"
    return (Link(href, "CloudWatch"),) if console and len(href) <= 1000 else ()


def _value(alarm: Alarm) -> float | None:
    """The newest of the data points that decided."""
    evaluated = [table(row) for row in rows(alarm.reason_data.get("evaluatedDatapoints"))]
    if evaluated:
        newest = max(evaluated, key=lambda row: text(row.get("timestamp"), 100))
        return number(newest.get("value"))
    if found := _DATAPOINT.search(alarm.reason):
        with suppress(ValueError):
            return number(float(found[1]))
    recent = rows(alarm.reason_data.get("recentDatapoints"))
    return number(recent[-1]) if recent else None

"""Events of Amazon EventBridge that say what changed: deployments, and calls that CloudTrail saw.

Sources: "Monitoring deployments with Amazon CloudWatch Events" of CodeDeploy's user guide,
"Monitoring CodePipeline events" of CodePipeline's, "Amazon ECS service deployment state change
events" of ECS's developer guide.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from chronos.formats import ChangeFormat
from chronos.formats.cloudtrail import DETAIL_TYPES, read_call
from chronos.formats.reading import answer_changes, need, parsed_one, read_object
from chronos.normalise import CANCELLED, FAILED, STARTED, SUCCEEDED, TERMINAL, Change, ChangeReceipt
from opsportal.lib.contracts import KEY_IN_PATH, Parsed, Received, Reply
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.fields import instant, rows, table, text

_STATES = {
    "START": STARTED, "READY": STARTED, "STARTED": STARTED, "RESUMED": STARTED,
    "SUCCESS": SUCCEEDED, "SUCCEEDED": SUCCEEDED, "FAILURE": FAILED, "FAILED": FAILED,
    "STOP": CANCELLED, "STOPPED": CANCELLED, "CANCELED": CANCELLED, "SUPERSEDED": CANCELLED,
    "SERVICE_DEPLOYMENT_IN_PROGRESS": STARTED, "SERVICE_DEPLOYMENT_COMPLETED": SUCCEEDED,
    "SERVICE_DEPLOYMENT_FAILED": FAILED,
}  # fmt: skip


class CloudTrailFormat(ChangeFormat):
    """`POST /hooks/cloudtrail`: an API destination's requests, for the timeline only."""

    slug = "cloudtrail"
    label = "AWS CloudTrail and deployments"
    paths = ("/hooks/cloudtrail", f"/hooks/cloudtrail{KEY_IN_PATH}")
    max_body = 2 * 1024 * 1024

    def parse(self, received: Received) -> Parsed:
        """One event; its id is the same when it is sent again."""
        event = read_object(received.body)
        for name in ("detail-type", "source"):
            if not isinstance(event.get(name), str):
                message = "This is no event of EventBridge."
                raise PayloadError(message, [FieldError(name, "is required, as a text")])
        number = text(event.get("id"), 100)
        token = f"eventbridge:{number}" if number else ""
        found = read_change(event)
        return parsed_one(found or "Not a change; alerts go to /hooks/eventbridge.", token)

    def answer(self, parsed: Parsed, receipts: Sequence[ChangeReceipt]) -> Reply:
        """200 with what became of it."""
        return answer_changes(parsed, receipts)


def read_change(event: Mapping[str, Any]) -> Change | str | None:
    """The change that the event tells of; why it is none; None for events of other kinds.

    Only Amazon itself can send as `aws....`, so others are not read so. Raises PayloadError.
    """
    source, kind = text(event.get("source"), 300), text(event.get("detail-type"), 300)
    if source.startswith("aws.") and kind in DETAIL_TYPES:
        return read_call(event)
    reader = _READERS.get((source, kind))
    return reader(event) if reader else None


def _codedeploy(event: Mapping[str, Any]) -> Change | str:
    detail = table(event.get("detail"))
    return _deployment(
        event,
        detail.get("state"),
        source="codedeploy",
        external_id=need(detail.get("deploymentId"), "detail.deploymentId"),
        service=text(detail.get("application"), 200),
        environment=text(detail.get("deploymentGroup"), 100),
    )


def _codepipeline(event: Mapping[str, Any]) -> Change | str:
    detail = table(event.get("detail"))
    return _deployment(
        event,
        detail.get("state"),
        source="codepipeline",
        external_id=need(detail.get("execution-id"), "detail.execution-id"),
        service=text(detail.get("pipeline"), 200),
    )


def _ecs(event: Mapping[str, Any]) -> Change | str:
    detail = table(event.get("detail"))
    arn = text(next(iter(rows(event.get("resources"))), ""), 1000)
    # arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/SERVICE
    names = arn.rpartition(":")[2].split("/")[1:]
    reason = text(detail.get("reason"), 1000)
    return _deployment(
        event,
        detail.get("eventName"),
        source="ecs",
        kind="rollback" if "rolling back" in reason else "deployment",
        external_id=f"{arn}:{need(detail.get('deploymentId'), 'detail.deploymentId')}"[-300:],
        service=names[-1][:200] if names else "",
        environment=names[0][:100] if len(names) > 1 else "",
        body=reason,
        at=detail.get("updatedAt"),
    )


def _deployment(
    event: Mapping[str, Any], state: object, *, at: object = None, **facts: Any
) -> Change | str:
    status = _STATES.get(text(state, 100))
    if status is None:
        return f"{text(state, 100) or 'No state'}: no change of its own."
    moment = instant(at) or instant(event.get("time"))
    place = f" to {facts['environment']}" if facts.get("environment") else ""
    account = text(event.get("account"), 100)
    return Change(
        **{
            "kind": "deployment",
            "title": f"{facts['service']}{place} by {facts['source']}",
            "status": status,
            "started_at": moment,
            "ended_at": moment if status in TERMINAL else None,
            "region": text(event.get("region"), 100),
            "actor": facts["source"],
            "actor_type": "automation",
            "labels": {"account": account} if account else {},
            **facts,
        }
    )


_READERS: Mapping[tuple[str, str], Callable[[Mapping[str, Any]], Change | str]] = MappingProxyType(
    {
        ("aws.codedeploy", "CodeDeploy Deployment State-change Notification"): _codedeploy,
        ("aws.codepipeline", "CodePipeline Pipeline Execution State Change"): _codepipeline,
        ("aws.ecs", "ECS Deployment State Change"): _ecs,
    }
)

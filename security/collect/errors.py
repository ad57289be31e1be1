"""What could not be read, for people who must grant or mend something."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from opsportal.lib.aws import Trouble
from opsportal.lib.aws.errors import outcome_of
from security.collect.look import Sighting
from security.collectors import Collector
from security.models import CollectorError, Scope

# Resources named one by one in one asking; where more fail, these stand for them.
_MOST = 50
# How AWS's messages name the permission: "... is not authorized to perform: s3:GetBucketAcl on".
_PERFORM = re.compile(r"perform: ([a-z0-9-]{1,40}:[A-Za-z0-9]{1,58})")
_WRITTEN = (
    "outcome",
    "first_at",
    "message",
    "action",
    "last_at",
    "cleared_at",
    "count",
    "resources",
)


@dataclass
class _Reason:
    outcome: str
    message: str
    action: str
    resources: int = 0


def note_errors(
    scope: Scope,
    collector: type[Collector],
    sighting: Sighting,
    asked: Collection[str],
    *,
    now: datetime,
) -> None:
    """Count each trouble of this asking, and clear what could be read again.

    `asked`: the ids that it was about; empty: everything. Sets the scope's `errors`.
    """
    reasons = _reasons(collector, sighting, asked)
    if not reasons and not scope.errors:
        return
    rows = {
        (row.resource_id, row.facet, row.code): row
        for row in CollectorError.objects.filter(scope=scope)
    }
    new, changed = [], []
    for key, reason in reasons.items():
        row = rows.get(key)
        if row is None:
            row = CollectorError(
                scope=scope, resource_id=key[0], facet=key[1], code=key[2], first_at=now, count=0
            )
            rows[key] = row
            new.append(row)
        else:
            changed.append(row)
        if row.cleared_at is not None:
            row.first_at, row.count = now, 0
        row.outcome, row.message, row.action = reason.outcome, reason.message, reason.action
        row.last_at, row.cleared_at, row.count = now, None, row.count + 1
        row.resources = max(row.resources, reason.resources) if asked else reason.resources
    for key, row in rows.items():
        if row.cleared_at is None and key not in reasons and _was_read(row, sighting, asked):
            row.cleared_at = now
            changed.append(row)
    CollectorError.objects.bulk_create(new)
    CollectorError.objects.bulk_update(changed, _WRITTEN)
    scope.errors = sum(row.cleared_at is None for row in rows.values())


def _was_read(row: CollectorError, sighting: Sighting, asked: Collection[str]) -> bool:
    """Whether this asking shows that it can be read again."""
    if not asked:
        return sighting.complete
    return row.resource_id in sighting.listed or row.resource_id in sighting.gone


def _reasons(
    collector: type[Collector], sighting: Sighting, asked: Collection[str]
) -> dict[tuple[str, str, str], _Reason]:
    """By resource, facet and code."""
    found: dict[tuple[str, str, str], _Reason] = {}
    trouble = sighting.trouble
    if trouble is not None and trouble not in sighting.unread.values():
        found["", "", trouble.code] = _Reason(
            trouble.outcome, trouble.message, action_of(trouble, collector)
        )
    for resource_id, why in sorted(sighting.unread.items())[:_MOST]:
        found[resource_id, "", why.code] = _Reason(
            why.outcome, why.message, action_of(why, collector), 1
        )
    for facets in sighting.unknown.values():
        for facet, why_not in facets.items():
            key = ("", facet[:60], why_not["code"][:100])
            reason = found.setdefault(
                key,
                _Reason(outcome_of(why_not["code"]), why_not["message"][:1000], why_not["action"]),
            )
            reason.resources += 1
    return found


def action_of(trouble: Trouble, collector: type[Collector]) -> str:
    """The permission that may be missing: as AWS says it, or by the call that failed."""
    if told := _PERFORM.search(trouble.message):
        return told[1]
    if not trouble.operation:
        return ""
    if trouble.operation == "AssumeRole":
        return "sts:AssumeRole"
    named = (action for action in collector.actions if action.endswith(f":{trouble.operation}"))
    return next(named, f"{collector.service}:{trouble.operation}")[:100]

"""Calls that were posted to the door for CloudTrail are taken from the timeline.

The door asks for no signature, so who has a key for changes may post what was never called:
activities say that they were posted, and nothing but who and when is believed.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef

from chronos.formats.cloudtrail import SOURCE
from chronos.models import ChangeEvent
from opsportal.lib.errors import PayloadError
from opsportal.lib.fields import table, text
from opsportal.lib.times import format_instant
from security.activity.call import Call, read_record
from security.activity.handle import handle_activities
from security.activity.store import store_calls
from security.models import ApiActivity, CloudAccount

# What was heard of in that time is looked at each time; hourly, what a stopped portal left.
RECENT, LATE = timedelta(minutes=5), timedelta(days=1)
_BATCH = 500


def take_posted(*, now: datetime, since: timedelta = RECENT) -> int:
    """Make activities of what the door put on the timeline; how many."""
    numbers = list(
        CloudAccount.objects.filter(kind=CloudAccount.Kind.MANAGED).values_list(
            "account_id", flat=True
        )
    )
    if not numbers:
        return 0
    known = ApiActivity.objects.filter(event_id=OuterRef("external_id"))
    rows = ChangeEvent.objects.filter(
        ~Exists(known),
        source=SOURCE,
        updated_at__gte=now - since,
        labels__account__in=numbers,
    ).order_by("updated_at", "id")
    total, reached = 0, (now - since, 0)
    while True:
        found = list(_after(rows, reached)[:_BATCH])
        calls = {row.pk: call for row in found if (call := _call(row, now)) is not None}
        taken = store_calls(
            list(calls.values()),
            via=ApiActivity.Via.HOOK, now=now,
            changes={call.event_id: pk for pk, call in calls.items()},
        )  # fmt: skip
        total += len(taken.activities)
        if len(found) < _BATCH:
            break
        reached = (found[-1].updated_at, found[-1].pk)
    if total:
        handle_activities(now=now)
    return total


def take_late_posted(*, now: datetime) -> int:
    """The same of what was heard of within a day."""
    return take_posted(now=now, since=LATE)


def _after(rows: Any, reached: tuple[datetime, int]) -> Any:
    at, pk = reached
    return rows.filter(updated_at__gte=at).exclude(updated_at=at, pk__lte=pk)


def _call(event: ChangeEvent, now: datetime) -> Call | None:
    """The call, as far as the timeline kept its record; None for what is none."""
    try:
        call = read_record(_record(event), now=now)
    except PayloadError:
        return None
    return call if isinstance(call, Call) else None


def _record(event: ChangeEvent) -> Mapping[str, Any]:
    labels, data = table(event.labels), table(event.data)
    error = event.body.partition(":")[0] if event.status == "failed" else ""
    return {
        **{name: data[name] for name in _KEPT if name in data},
        "eventID": event.external_id,
        "eventName": text(labels.get("event_name"), 100),
        "eventSource": text(labels.get("event_source"), 100),
        "eventTime": format_instant(event.started_at),
        "awsRegion": event.region,
        "recipientAccountId": text(labels.get("account"), 20),
        "sourceIPAddress": text(labels.get("source_address"), 200),
        "sessionCredentialFromConsole": data.get("fromConsole") is True,
        "errorCode": text(error, 100),
    }


_KEPT = ("requestParameters", "responseElements", "userAgent", "userIdentity")

"""What was posted to the door makes place for what a queue says of the same call.

An event's id is no secret in its account: who may post could say something else by it before the
queue does, and the truth would pass for a repeat.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db.models import QuerySet

from opsportal.lib.ids import IdIn
from security.activity.call import Call
from security.cause.settle import settle_attribution
from security.models import ApiActivity, ConfigRevision, RevisionCause


def give_way(posted: QuerySet[ApiActivity], calls: Mapping[str, Call], *, now: datetime) -> None:
    """Of these: what says the same is believed from now on, what does not is forgotten, and what
    it was thought to have brought about waits for its call again.

    `calls` are the queue's, by event id. Within the caller's transaction.
    """
    rows = list(posted.select_for_update(of=("self",)).select_related("account").order_by("pk"))
    if not rows:
        return
    same = [row.pk for row in rows if _facts(row) == _facts_of(calls[row.event_id])]
    false = sorted({row.pk for row in rows} - set(same))
    # Acted on once more: what follows from it may depend on who says so.
    ApiActivity.objects.filter(IdIn(same)).update(via=ApiActivity.Via.QUEUE, handled_at=None)
    caused = RevisionCause.objects.filter(IdIn(false, "activity_id"))
    wronged = list(caused.values_list("revision_id", flat=True))
    ApiActivity.objects.filter(IdIn(false)).delete()
    ConfigRevision.objects.filter(IdIn(wronged)).update(
        attribution=ConfigRevision.Attribution.PENDING, actor="", effective_at=None
    )
    proven = RevisionCause.objects.filter(IdIn(same, "activity_id"))
    others = proven.values_list("revision_id", flat=True)
    settle_attribution({*wronged, *others}, now=now)


def _facts(row: ApiActivity) -> tuple[object, ...]:
    return (
        row.account.account_id, row.at, row.service, row.action, row.region, row.actor,
        row.principal_type, row.principal_arn, row.session_name, row.source_address,
        row.user_agent, row.error_code, row.request,
    )  # fmt: skip


def _facts_of(call: Call) -> tuple[object, ...]:
    return (
        call.account_id, call.at, call.service, call.action, call.region, call.actor[:200],
        call.principal_type, call.principal_arn, call.session_name, call.source_address,
        call.user_agent, call.error_code, dict(call.request),
    )  # fmt: skip

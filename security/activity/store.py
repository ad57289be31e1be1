"""Store calls: as activities with their targets, and on the timeline; a repeat stores nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from chronos.record import record_changes
from opsportal.lib.deadlocks import start_over
from security.activity.call import Call, Reading
from security.activity.give_way import give_way
from security.activity.targets import targets_of
from security.activity.trouble import note_troubles, trouble
from security.models import ActivityTarget, ApiActivity, CloudAccount, TrailError

_BATCH = 500
MOST_AT_ONCE = 1000
# How exactly it is known when an account was last heard.
HEARD_EVERY = timedelta(minutes=1)


@dataclass
class Taken:
    """What came of some calls: those that are new, and how many were not stored and why."""

    activities: list[ApiActivity] = field(default_factory=list)
    known: int = 0
    read_only: int = 0
    strangers: int = 0

    def add(self, other: "Taken") -> None:
        """Both together."""
        self.activities += other.activities
        self.known += other.known
        self.read_only += other.read_only
        self.strangers += other.strangers


def store_calls(
    calls: Sequence[Call | Reading],
    *,
    via: str,
    now: datetime,
    owner: CloudAccount | None = None,
    changes: Mapping[str, int] | None = None,
) -> Taken:
    """Store what is new of them, many in one transaction and a handful of statements.

    `owner` has the queue that they came by; calls of accounts that nobody knows are counted there.
    `changes` are those of the timeline, by event id, where the calls come from there.
    """
    taken = Taken()
    for start in range(0, len(calls), MOST_AT_ONCE):
        some = calls[start : start + MOST_AT_ONCE]
        taken.add(start_over(partial(_store, some, via, now, owner, changes)))
    return taken


@transaction.atomic
def _store(
    calls: Sequence[Call | Reading],
    via: str,
    now: datetime,
    owner: CloudAccount | None,
    changes: Mapping[str, int] | None,
) -> Taken:
    taken = Taken()
    numbers = {call.account_id for call in calls}
    accounts = {row.account_id: row for row in CloudAccount.objects.filter(account_id__in=numbers)}
    ours = {
        number: account
        for number, account in accounts.items()
        if account.kind == CloudAccount.Kind.MANAGED
    }
    mine = [call for call in calls if call.account_id in ours]
    taken.strangers = len(calls) - len(mine)
    if owner is not None:
        note_troubles(
            [
                trouble(owner, TrailError.Kind.ACCOUNT, call.account_id, "Not a managed account.")
                for call in calls
                if call.account_id not in ours
            ],
            now=now,
        )
    _hear({ours[call.account_id].pk: ours[call.account_id] for call in mine}.values(), via, now)
    unique = {call.event_id: call for call in mine if isinstance(call, Call)}
    taken.read_only = sum(isinstance(call, Reading) for call in mine)
    rows = ApiActivity.objects.filter(event_id__in=list(unique))
    if via == ApiActivity.Via.QUEUE:
        # What the door was told of the same call, by whomever, makes place for it.
        give_way(rows.filter(via=ApiActivity.Via.HOOK), unique, now=now)
    there = set(rows.all().values_list("event_id", flat=True))
    new = [call for number, call in unique.items() if number not in there]
    taken.known = len(mine) - taken.read_only - len(new)
    told = _tell(new, now) if changes is None else changes
    taken.activities = _insert(new, ours, told, via, now)
    return taken


def _insert(
    calls: Sequence[Call],
    accounts: Mapping[str, CloudAccount],
    changes: Mapping[str, int],
    via: str,
    now: datetime,
) -> list[ApiActivity]:
    targets = {call.event_id: targets_of(call) for call in calls}
    rows = [
        ApiActivity(
            event_id=call.event_id, account=accounts[call.account_id], region=call.region,
            at=call.at, received_at=now, service=call.service, action=call.action,
            actor=call.actor[:200], principal_type=call.principal_type,
            principal_arn=call.principal_arn, session_name=call.session_name,
            source_address=call.source_address, user_agent=call.user_agent, tool=call.tool,
            mfa=call.mfa, error_code=call.error_code, request=dict(call.request), via=via,
            change_id=changes.get(call.event_id), is_watched=bool(targets[call.event_id]),
        )
        for call in calls
    ]  # fmt: skip
    # Another process may store the same at the same time: then its row is the one.
    ApiActivity.objects.bulk_create(rows, batch_size=_BATCH, ignore_conflicts=True)
    numbers = [call.event_id for call in calls]
    stored = ApiActivity.objects.filter(event_id__in=numbers, received_at=now)
    made = {row.event_id: row for row in stored.select_related("account")}
    ActivityTarget.objects.bulk_create(
        [
            ActivityTarget(activity=made[call.event_id], technology=slug, resource_id=resource_id)
            for call in calls
            if call.event_id in made
            for slug, resource_id in targets[call.event_id]
        ],
        batch_size=_BATCH,
    )
    return [made[number] for number in numbers if number in made]


def _tell(calls: Sequence[Call], now: datetime) -> dict[str, int]:
    """Put them on the timeline: the door for CloudTrail makes the same change of the same call."""
    receipts = record_changes([call.change for call in calls if call.change], now=now)
    return {receipt.external_id: receipt.event_id for receipt in receipts}


def _hear(accounts: Iterable[CloudAccount], via: str, now: datetime) -> None:
    """Note that their trail is heard; of an account with a queue, no post to the door proves it."""
    old = [
        account.pk
        for account in accounts
        if (account.trail_heard_at is None or account.trail_heard_at < now - HEARD_EVERY)
        and not (via == ApiActivity.Via.HOOK and account.trail_queue_url)
    ]
    if old:
        CloudAccount.objects.filter(pk__in=old).update(trail_heard_at=now)

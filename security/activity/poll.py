"""Take calls from the queues that accounts name. A message goes once what it holds is committed.

Any number of processes may do so: a queue gives a message to one of them at a time, and what comes
twice is known by its event id.
"""

import logging
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.db import connections

from opsportal.lib.aws import open_access, side_by_side, trouble_of
from opsportal.lib.aws.access import HOME
from opsportal.lib.errors import PayloadError
from opsportal.lib.redact import redact_text
from security.activity.call import Call, Reading
from security.activity.handle import handle_activities
from security.activity.message import MOST_PACKED, LogFile, read_file, read_message
from security.activity.store import MOST_AT_ONCE, store_calls
from security.activity.trouble import forget_trouble, note_troubles, trouble
from security.models import ApiActivity, CloudAccount, TrailError

log = logging.getLogger(__name__)

BATCH = 10
# Seconds: of one long poll, and of one round of the sweep, which then begins anew.
WAIT, LISTEN = 10, 50.0
THREADS = 32
# While we work on them nobody else gets them.
HIDDEN_SECONDS = 120
# A message that fails again and again for so long is kept as a row, and removed.
MOST_RECEIVES, MOST_AGE = 5, timedelta(hours=6)
# Queues have addresses at sqs.REGION.amazonaws.com, old ones at REGION.queue.amazonaws.com.
_REGION = re.compile(r"//(?:sqs\.([a-z0-9-]+)|([a-z0-9-]+)\.queue)\.amazonaws\.")
Kind = TrailError.Kind


def poll_queues(*, clock: Callable[[], datetime], wait: int = WAIT, listen: float = LISTEN) -> int:
    """Take in what the queues hold, listening for `listen` seconds; how many messages went."""
    began, total = time.monotonic(), 0
    failed: set[str] = set()
    while owners := [row for row in _owners() if row.trail_queue_url not in failed]:
        results = side_by_side(_apart(lambda row: _drain(row, wait, clock)), owners, THREADS)
        for owner, taken in zip(owners, results, strict=True):
            if taken is None:
                failed.add(owner.trail_queue_url)
            else:
                total += taken
        if time.monotonic() - began >= listen:
            break
    return total


def _owners() -> list[CloudAccount]:
    """One account for each queue."""
    rows = CloudAccount.objects.filter(
        kind=CloudAccount.Kind.MANAGED, enabled=True, frozen=False
    ).exclude(trail_queue_url="")
    return list({row.trail_queue_url: row for row in rows.order_by("-pk")}.values())


def _apart(
    work: Callable[[CloudAccount], int | None],
) -> Callable[[CloudAccount], int | None]:
    """The work, without a connection left behind by a thread that ends."""
    caller = threading.get_ident()

    def worked(owner: CloudAccount) -> int | None:
        try:
            return work(owner)
        finally:
            if threading.get_ident() != caller:
                connections.close_all()

    return worked


@dataclass
class _Message:
    """A message of the queue, and what it held."""

    raw: dict[str, Any]
    calls: list[Call | Reading] = field(default_factory=list)
    # Whether files that it names were stored.
    stored: bool = False
    # Why it is of no use, now or ever.
    error: str = ""
    never: bool = False

    def is_spent(self, now: datetime) -> bool:
        """Whether it was tried often and long enough."""
        told = self.raw.get("Attributes", {})
        sent = datetime.fromtimestamp(int(told.get("SentTimestamp", 0)) / 1000, UTC)
        receives = int(told.get("ApproximateReceiveCount", 1))
        return receives >= MOST_RECEIVES and now - sent > MOST_AGE


def _drain(owner: CloudAccount, wait: int, clock: Callable[[], datetime]) -> int | None:
    """Take batches until one is not full; how many messages went, None when that failed."""
    url, went = owner.trail_queue_url, 0
    try:
        client = open_access(owner, _region(owner), now=clock()).client("sqs")
        while True:
            answer = client.receive_message(
                QueueUrl=url, MaxNumberOfMessages=BATCH, WaitTimeSeconds=wait,
                VisibilityTimeout=HIDDEN_SECONDS,
                AttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
            )  # fmt: skip
            raw = answer.get("Messages", [])
            done = take_messages(owner, raw, now=clock())
            if done:
                entries = [
                    {"Id": str(number), "ReceiptHandle": row["ReceiptHandle"]}
                    for number, row in enumerate(done)
                ]
                client.delete_message_batch(QueueUrl=url, Entries=entries)
            went += len(done)
            if len(raw) < BATCH or not done:
                break
    except (ClientError, BotoCoreError) as error:
        why = trouble_of(error)
        note_troubles([trouble(owner, Kind.QUEUE, why.code, why.message)], now=clock())
        return None
    except Exception:
        log.exception("queue not read", extra={"account": owner.account_id})
        return None
    if went:
        forget_trouble(owner, Kind.QUEUE)
    return went


def take_messages(
    owner: CloudAccount, raw: Sequence[dict[str, Any]], *, now: datetime
) -> list[dict[str, Any]]:
    """Store what these hold, and have it acted on; those that may go from the queue."""
    messages = [_read(owner, row, now) for row in raw]
    usable = [row for row in messages if not row.error]
    try:
        store_calls(
            [call for row in usable for call in row.calls],
            via=ApiActivity.Via.QUEUE, now=now, owner=owner,
        )  # fmt: skip
    except Exception:
        # One of them may be the reason: each by itself.
        log.exception("batch not stored", extra={"account": owner.account_id})
        for row in usable:
            _store_alone(owner, row, row.calls, now)
    poison = [row for row in messages if row.error and (row.never or row.is_spent(now))]
    note_troubles(
        [
            trouble(
                owner, Kind.UNREADABLE, row.raw["MessageId"], row.error,
                redact_text(row.raw.get("Body", "").encode("utf-8", "replace")),
            )
            for row in poison
        ],
        now=now,
    )  # fmt: skip
    if any(row.calls or row.stored for row in messages):
        handle_activities(now=now)
    return [row.raw for row in messages if not row.error or row in poison]


def _store_alone(
    owner: CloudAccount, message: _Message, calls: Sequence[Call | Reading], now: datetime
) -> None:
    try:
        store_calls(calls, via=ApiActivity.Via.QUEUE, now=now, owner=owner)
        message.stored = True
    except Exception as error:  # noqa: BLE001 - whatever it is, the others are not to wait for it
        message.error = f"{type(error).__name__}: {error}"[:1000]


def _read(owner: CloudAccount, raw: dict[str, Any], now: datetime) -> _Message:
    message = _Message(raw)
    try:
        contents = read_message(raw.get("Body", ""), now=now)
        message.calls = contents.calls
        for file in contents.files:
            # One at a time: each may hold as many calls as there is memory for.
            calls = read_file(_fetch(owner, file, now), now=now)
            while some := list(islice(calls, MOST_AT_ONCE)):
                _store_alone(owner, message, some, now)
    except PayloadError as error:
        message.error, message.never = error.message, True
    except (ClientError, BotoCoreError) as error:
        message.error = f"{trouble_of(error).code}: {error}"[:1000]
        note_troubles([trouble(owner, Kind.QUEUE, trouble_of(error).code, str(error))], now=now)
    return message


def _fetch(owner: CloudAccount, file: LogFile, now: datetime) -> bytes:
    """The file as it lies there. Raises PayloadError when it is larger than any of CloudTrail's."""
    client = open_access(owner, _region(owner), now=now).client("s3")
    answer = client.get_object(Bucket=file.bucket, Key=file.key)
    packed: bytes = answer["Body"].read(MOST_PACKED + 1)
    if len(packed) > MOST_PACKED:
        raise PayloadError(f"s3://{file.bucket}/{file.key} has more than {MOST_PACKED} bytes.")
    return packed


def _region(owner: CloudAccount) -> str:
    """Where the queue is."""
    if found := _REGION.search(owner.trail_queue_url):
        return str(found[1] or found[2])
    return str((owner.regions or [HOME.get(owner.partition, HOME["aws"])])[0])

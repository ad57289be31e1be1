"""The allow-list of SNS topics: what the door asks of it, and who asked to be on it."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from alerts.models import SnsTopic

State = SnsTopic.State
# Of one key; the ones that were heard last. Who has a key could name any number of topics.
MOST_UNKNOWN = 20
# One that goes on sending although it is refused is not written down each time.
NOTED_EVERY = timedelta(minutes=1)


def is_allowed(key_id: int, topic_arn: str) -> bool:
    """Whether a person has allowed this topic to send with this key."""
    mine = SnsTopic.objects.filter(key_id=key_id, topic_arn=topic_arn)
    return mine.exclude(state=State.UNKNOWN).exists()


def note_unknown(
    key_id: int, topic_arn: str, *, confirmation: Mapping[str, str] | None, now: datetime
) -> None:
    """Remember a topic that nobody has allowed, so that somebody may; nothing is verified.

    `confirmation` is what it sent when that asks for a confirmation.
    """
    unknown = SnsTopic.objects.filter(key_id=key_id, state=State.UNKNOWN)
    found = {} if confirmation is None else {"confirmation": dict(confirmation), "asked_at": now}
    mine = unknown.filter(topic_arn=topic_arn)
    if known := mine.only("last_message_at").first():
        if found or known.last_message_at is None or now - known.last_message_at >= NOTED_EVERY:
            mine.update(last_message_at=now, **found)
        return
    topic = SnsTopic(
        key_id=key_id,
        topic_arn=topic_arn,
        state=State.UNKNOWN,
        first_seen_at=now,
        last_message_at=now,
        **found,
    )
    SnsTopic.objects.bulk_create([topic], ignore_conflicts=True)
    newest = unknown.order_by("-last_message_at", "-pk").values_list("pk", flat=True)
    if old := list(newest[MOST_UNKNOWN:]):
        SnsTopic.objects.filter(pk__in=old, state=State.UNKNOWN).delete()

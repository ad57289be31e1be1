"""Store: what SNS says of the topics that may send."""

from datetime import datetime

from alerts.change.record import record_saved
from alerts.change.topics import topic_state
from alerts.models import SnsTopic
from alerts.normalise import TopicNews
from alerts.topics import NOTED_EVERY
from opsportal.accounts.actors import Actor

State = SnsTopic.State
# Who sends is subscribed, whoever has confirmed it.
_NOT_YET = (State.ALLOWED, State.PENDING, State.FAILED)


def hear_topic(news: TopicNews, *, actor: Actor, now: datetime) -> None:
    """Note it, in the caller's transaction; of an ordinary message one look.

    One that is no longer allowed is left alone.
    """
    mine = SnsTopic.objects.filter(key_id=actor.key_id, topic_arn=news.topic_arn)
    if news.kind == "heard":
        state, last = mine.values_list("state", "last_message_at").first() or (State.UNKNOWN, now)
        if state not in _NOT_YET:
            if last is None or now - last >= NOTED_EVERY:
                mine.update(last_message_at=now)
            return
    topic = mine.select_for_update(of=("self",)).select_related("key__team").first()
    if topic is None or topic.state == State.UNKNOWN:
        return
    before = topic_state(topic)
    if news.kind == "heard":
        topic.state, topic.confirmation, topic.last_message_at = State.CONFIRMED, None, now
    else:
        topic.state = State.PENDING if news.kind == "asks" else State.UNSUBSCRIBED
        topic.confirmation, topic.asked_at = dict(news.confirmation), now
    topic.error = ""
    topic.save()
    record_saved(topic, before, topic_state(topic), actor=actor, now=now)

"""Amazon SNS: what it posts to a subscribed address, and how it asks whether that is wanted."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec

from alerts.formats import AlertFormat
from alerts.formats.aws.cloudwatch import alarm_event, alarm_of_notification, is_notification
from alerts.formats.aws.envelope import (
    NOTIFICATION,
    SUBSCRIPTION,
    Envelope,
    kept_envelope,
    read_envelope,
)
from alerts.formats.aws.eventbridge import answer_event, is_event, parse_event
from alerts.formats.aws.fields import labels, severity
from alerts.formats.aws.signature import check_envelope
from alerts.formats.native import joined_key
from alerts.normalise import AlertEvent, TopicNews
from alerts.topics import is_allowed, note_unknown
from opsportal.lib.contracts import KEY_IN_PATH, Parsed, Received, Reply, split_json
from opsportal.lib.errors import ForbiddenError, NotAuthenticatedError, OpsError, PayloadError
from opsportal.lib.fields import inner, table, text

# A text says nothing of its end, so it is over so long after it was last said.
LASTS = timedelta(days=1)
# Characters of a confirmation that nobody has verified.
MOST_KEPT = 8192
_RAW = "x-amz-sns-rawdelivery"


class SnsFormat(AlertFormat):
    """`POST /hooks/sns`: messages that SNS has signed, of topics that somebody has allowed."""

    slug = "sns"
    label = "Amazon SNS"
    paths = ("/hooks/sns", f"/hooks/sns{KEY_IN_PATH}")
    # 256 KiB of message, each character of which may have become six.
    max_body = 2 * 1024 * 1024
    # It comes again after 429 and 5xx, and after no other answer.
    overload = 503
    keeps_headers = (_RAW, "x-amz-sns-message-type", "x-amz-sns-subscription-arn")

    def check(self, received: Received) -> None:
        """Whether it is from a topic that is allowed, before anybody is asked, and from SNS."""
        if received.headers.get(_RAW, "").lower() == "true":
            raise ForbiddenError(
                "Raw message delivery is not signed; turn it off in the subscription."
            )
        envelope = read_envelope(received.body)
        if not is_allowed(received.key_id, envelope.topic_arn):
            _note_unknown(envelope, received)
            raise ForbiddenError(f"Nobody has allowed the topic {envelope.topic_arn} here.")
        check_envelope(envelope, received.now)

    def parse(self, received: Received) -> Parsed:
        """The alerts of a message, or what is to be done about a subscription."""
        envelope = read_envelope(received.body)
        token = f"sns:{envelope.message_id}"
        if envelope.type != NOTIFICATION:
            asks = envelope.type == SUBSCRIPTION
            kept = kept_envelope(envelope)
            news = TopicNews(envelope.topic_arn, "asks" if asks else "ended", kept)
            note = "It waits for a person to confirm it." if asks else "The subscription has ended."
            return Parsed((), many=False, orders=[news], token=token, note=note)
        parsed = _parse_message(envelope, received)
        news = TopicNews(envelope.topic_arn, "heard")
        return replace(parsed, many=False, orders=[news], token=token)

    def answer(self, parsed: Parsed, receipts: Sequence[Any]) -> Reply:
        """200 with what became of it; SNS does not read it."""
        return answer_event(parsed, receipts)

    def refuse(self, error: OpsError) -> Reply:
        """As ours; SNS sends the password that its address holds once it is asked for it."""
        reply = super().refuse(error)
        challenge = {"WWW-Authenticate": 'Basic realm="opsportal"'}
        if isinstance(error, NotAuthenticatedError):
            return Reply(reply.status, reply.body, headers=challenge)
        return reply


def _note_unknown(envelope: Envelope, received: Received) -> None:
    confirmation = None
    if envelope.type == SUBSCRIPTION:
        kept = kept_envelope(envelope)
        confirmation = kept if sum(map(len, kept.values())) <= MOST_KEPT else None
    note_unknown(received.key_id, envelope.topic_arn, confirmation=confirmation, now=received.now)


def _parse_message(envelope: Envelope, received: Received) -> Parsed:
    """What stands in the message: an alarm, an event, or any text."""
    hints = _attributes(envelope)
    payload = _payload(envelope.message)
    message = inner(payload.decode()) if payload else {}
    if is_notification(message):
        alarm = alarm_of_notification(message)
        return Parsed([alarm_event(alarm, received, payload, hints)])
    if is_event(message):
        return parse_event(message, received, payload, hints)
    return Parsed([_text_event(envelope, received, hints)])


def _payload(message: str) -> bytes:
    """The JSON that the message is; empty when it is none."""
    if message.lstrip()[:1] != "{":
        return b""
    try:
        return split_json(message.encode())[0][0]
    except PayloadError:
        return b""


def _text_event(envelope: Envelope, received: Received, hints: Mapping[str, str]) -> AlertEvent:
    """Any text: an alert by its subject, or its first line."""
    message = text(envelope.message, len(envelope.message))
    subject = text(envelope.subject, 300).strip()
    topic = envelope.topic_arn
    name = (subject or message.strip().partition("\n")[0].strip() or topic)[:300]
    payload = {"Subject": subject, "Message": message, "TopicArn": topic}
    return AlertEvent(
        name=name,
        dedup_key=joined_key(["sns", topic, name]),
        severity=severity(hints, "warning"),
        summary=message.strip()[:1024],
        description=message[:32_768],
        source="sns",
        region=topic.split(":")[3],
        labels=labels(
            [("topic", topic.rsplit(":", 1)[1]), ("account", topic.split(":")[4]), *hints.items()]
        ),
        timeout=LASTS,
        team_id=received.team_id,
        payload=msgspec.json.encode(payload),
    )


def _attributes(envelope: Envelope) -> dict[str, str]:
    """The attributes, which are not signed: they may name and colour an alert, no more."""
    given = envelope.attributes or {}
    return labels((name, table(value).get("Value")) for name, value in given.items())

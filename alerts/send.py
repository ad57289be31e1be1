"""Act: hand one message to its channel, in the channel's own words where it has some.

Does no queries: deliveries call it in threads of their own.
"""

import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.channels import ChannelKind, Message, hide_secrets
from alerts.compose import compose_test, wording_of
from alerts.models import Channel
from alerts.wording import LONGEST_SUBJECT, render_wording
from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import record_audit
from opsportal.lib.errors import DeliveryError, PayloadError
from opsportal.lib.registry import plugin


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of one send."""

    answer: str
    duration: timedelta
    error: DeliveryError | None = None


def send_message(message: Message, channel: Channel) -> Sent:
    """Send it; the other side's answer without our secrets. The template was read with the row."""
    try:
        kind: type[ChannelKind] = plugin("ALERT_CHANNELS", channel.kind)
    except LookupError as unknown:
        gone = DeliveryError(str(unknown.args[0]), permanent=True)
        return Sent(gone.message, timedelta(0), gone)
    message, complaint = _reworded(message, channel)
    began = time.monotonic()
    error: DeliveryError | None = None
    try:
        answer = kind.send(message, channel.settings)
    except DeliveryError as failure:
        answer, error = failure.message, failure
    duration = timedelta(seconds=time.monotonic() - began)
    answer = hide_secrets(answer + complaint, kind.fields, channel.settings)
    return Sent(answer, duration, error)


def _reworded(message: Message, channel: Channel) -> tuple[Message, str]:
    """In the words of the channel's template; a template that fails holds up nothing."""
    template = channel.template
    if template is None:
        return message, ""
    facts = wording_of(message)
    try:
        subject = render_wording(template.subject, facts, field_name="subject")
        body = render_wording(template.body, facts, field_name="body")
    except PayloadError as error:
        return message, f" (the usual text was sent, as {template.name} failed: {error.message})"
    return replace(message, own_subject=subject[:LONGEST_SUBJECT], own_body=body.strip()), ""


def try_channel(channel: Channel, *, actor: Actor, now: datetime) -> str:
    """Send a message marked as a test, at once; the other side's answer. Raises DeliveryError."""
    sent = send_message(compose_test(channel, actor.name, now), channel)
    after = {"answer": sent.answer, "succeeded": sent.error is None}
    record_audit(actor, "test", channel, after=after, now=now)
    if sent.error is not None:
        raise DeliveryError(
            sent.answer, permanent=sent.error.permanent, retry_after=sent.error.retry_after
        )
    return sent.answer

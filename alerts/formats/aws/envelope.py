"""The message that SNS posts, and the text that it signs.

Contract: "HTTP/HTTPS notification JSON format" and "Verifying the signatures of Amazon SNS
messages" in the SNS developer guide.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from opsportal.lib.errors import PayloadError

NOTIFICATION = "Notification"
SUBSCRIPTION = "SubscriptionConfirmation"

TopicArn = Annotated[
    str,
    Meta(pattern=r"\Aarn:aws[a-z-]*:sns:[a-z0-9-]{1,40}:\d{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?\Z"),
]
Short = Annotated[str, Meta(min_length=1, max_length=100)]
Url = Annotated[str, Meta(max_length=2000)]


class Envelope(Struct, frozen=True, kw_only=True):
    """One message; members that are not read are left out."""

    type: Literal["Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"] = (
        msgspec.field(name="Type")
    )
    message_id: Short = msgspec.field(name="MessageId")
    topic_arn: TopicArn = msgspec.field(name="TopicArn")
    message: str = msgspec.field(name="Message")
    timestamp: Short = msgspec.field(name="Timestamp")
    signature_version: Short = msgspec.field(name="SignatureVersion")
    signature: Annotated[str, Meta(max_length=4096)] = msgspec.field(name="Signature")
    signing_cert_url: Url = msgspec.field(name="SigningCertURL")
    subject: str | None = msgspec.field(name="Subject", default=None)
    # Not signed.
    attributes: dict[str, Any] | None = msgspec.field(name="MessageAttributes", default=None)
    # Of the two confirmations.
    token: Annotated[str, Meta(max_length=1000)] = msgspec.field(name="Token", default="")
    subscribe_url: Url = msgspec.field(name="SubscribeURL", default="")


_decoder = msgspec.json.Decoder(Envelope)
_anything = msgspec.json.Decoder(dict[str, Any])


def read_envelope(body: bytes) -> Envelope:
    """The message. Raises PayloadError for what is none."""
    try:
        body.decode()  # the decoder looks at no text that it passes over
        return _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise PayloadError(f"This is no message of Amazon SNS: {error}") from error
    except RecursionError as error:
        raise PayloadError("The message is nested too deeply.") from error


def kept_envelope(envelope: Envelope) -> dict[str, str]:
    """What has to be kept of a confirmation so that it can be verified and answered later."""
    kept = _anything.decode(msgspec.json.encode(envelope))
    return {name: value for name, value in kept.items() if isinstance(value, str)}


def string_to_sign(envelope: Envelope) -> bytes:
    """Names and values of what is signed, a line each, in the order of the names."""
    signed: dict[str, str | None] = {
        "Message": envelope.message,
        "MessageId": envelope.message_id,
    }
    if envelope.type == NOTIFICATION:
        signed["Subject"] = envelope.subject
    else:
        signed["SubscribeURL"] = envelope.subscribe_url
    signed["Timestamp"] = envelope.timestamp
    if envelope.type != NOTIFICATION:
        signed["Token"] = envelope.token
    signed["TopicArn"] = envelope.topic_arn
    signed["Type"] = envelope.type
    return "".join(
        f"{name}\n{value}\n" for name, value in signed.items() if value is not None
    ).encode()

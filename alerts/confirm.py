"""Act: tell SNS that a subscription is wanted."""

import re
from datetime import datetime
from urllib.parse import parse_qs

from django.db import transaction

from alerts.change.record import record_saved
from alerts.change.topics import topic_state
from alerts.formats.aws.signature import check_sns_url
from alerts.models import SnsTopic
from opsportal.accounts.actors import Actor
from opsportal.lib.errors import ConflictError, DeliveryError, ForbiddenError
from opsportal.lib.http import send_request

State = SnsTopic.State
TIMEOUT = 8.0
_ARN = re.compile(r"<SubscriptionArn>\s*(arn:aws[a-z-]*:sns:[^<\s]{1,380})\s*</SubscriptionArn>")
_MESSAGE = re.compile(r"<Message>([^<]{1,400})</Message>")


def confirm_topic(topic: SnsTopic, *, actor: Actor, now: datetime) -> bool:
    """Confirm the subscription that SNS asked about; whether SNS took it. The row says why not.

    Raises ConflictError when there is nothing to confirm.
    """
    if not topic.confirmable:
        raise ConflictError("There is no subscription to confirm.")
    arn, error = _ask_sns(topic)
    with transaction.atomic():
        rows = SnsTopic.objects.select_for_update(of=("self",)).select_related("key__team")
        locked = rows.get(pk=topic.pk)
        before = topic_state(locked)
        if arn:
            locked.state, locked.subscription_arn = State.CONFIRMED, arn
            locked.confirmation, locked.error = None, ""
        elif locked.confirmable:  # nobody else was quicker
            locked.state, locked.error = State.FAILED, error[:500]
        locked.save()
        record_saved(locked, before, topic_state(locked), actor=actor, now=now)
    return bool(arn)


def _ask_sns(topic: SnsTopic) -> tuple[str, str]:
    """The subscription's ARN, or what is wrong."""
    asked = topic.confirmation or {}
    url, token = str(asked.get("SubscribeURL", "")), str(asked.get("Token", ""))
    try:
        query = parse_qs(check_sns_url(url, "SubscribeURL").query)
        if (query.get("Action"), query.get("TopicArn")) != (
            ["ConfirmSubscription"],
            [topic.topic_arn],
        ):
            return "", "The SubscribeURL does not confirm this topic."
        answer = send_request("GET", url, timeout=TIMEOUT)
    except ForbiddenError as error:
        return "", error.message
    except DeliveryError as error:
        return "", f"SNS was not reached: {error.message}"
    body = answer.body.decode(errors="replace").replace("\0", "\ufffd")
    if answer.status == 200 and (found := _ARN.search(body)):
        return found[1], ""
    said = _MESSAGE.search(body)
    words = said[1].replace(token, "...") if said and token else ""
    return "", f"SNS answered {answer.status}. {words}".strip()

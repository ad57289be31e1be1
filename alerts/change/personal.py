"""How a person is reached: by a channel of their own, made from their address at first need."""

import logging
from datetime import datetime

from django.db import connection, transaction

from alerts.change.channels import save_channel
from alerts.channels.email import EmailChannel
from alerts.models import Channel
from opsportal.accounts.actors import Actor
from opsportal.accounts.models import User
from opsportal.lib.errors import PayloadError

log = logging.getLogger(__name__)

_PORTAL = Actor("opsportal", None, None)
_LONGEST_NAME = Channel._meta.get_field("name").max_length or 100


def personal_channel(user: User, *, now: datetime) -> Channel | None:
    """The first of the person's own channels, or one made of the e-mail address.

    None when the person has left, has neither channel nor usable address, or has switched the
    e-mail channel off and has no other. May be called inside any transaction, by many at once.
    """
    if not user.is_active:
        return None
    found = _first(user)
    if found is not None or not user.email:
        return found
    with transaction.atomic():
        # Two who come at once make one: the second waits here and then sees the first one's.
        people = User.objects.filter(pk=user.pk)
        if connection.features.has_select_for_no_key_update:
            people = people.select_for_update(no_key=True)
        if not people.order_by().values_list("pk", flat=True).first():
            return None
        return _first(user) or _make(user, now)


def _first(user: User) -> Channel | None:
    return Channel.objects.filter(user=user, enabled=True).order_by("pk").first()


def _make(user: User, now: datetime) -> Channel | None:
    if Channel.objects.filter(user=user, kind=EmailChannel.slug).exists():
        return None  # it is switched off, and stays so
    channel = Channel(name=_free_name(user), kind=EmailChannel.slug, user=user)
    channel.settings = {"to": [user.email]}
    try:
        save_channel(channel, actor=_PORTAL, now=now)
    except PayloadError as error:
        log.warning("no personal channel: %s", error.message, extra={"user": user.pk})
        return None
    return channel


def _free_name(user: User) -> str:
    """`jo's e-mail`, unless a channel of somebody else has that name."""
    ending = "'s e-mail"
    name = user.get_username()[: _LONGEST_NAME - len(ending)] + ending
    if not Channel.objects.filter(name=name).exists():
        return name
    ending = f"'s e-mail ({user.pk})"
    return user.get_username()[: _LONGEST_NAME - len(ending)] + ending

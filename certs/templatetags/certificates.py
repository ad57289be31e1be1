"""How pages write names, expiries and digests."""

import re
from datetime import datetime

from django import template

from certs.kinds import KINDS, Kind
from certs.urgency import say_left, urgency_of
from certs.wording import visible
from opsportal.lib.times import utc_now

register = template.Library()
register.filter("visible", visible)
_PAIR = re.compile(r"..")


@register.filter
def left(not_after: datetime) -> str:
    """`in 12 days`."""
    return say_left(not_after, utc_now())


@register.filter
def ends(not_after: datetime) -> str:
    """`expires in 12 days`, `expired 3 days ago`."""
    now = utc_now()
    return f"{'expired' if not_after < now else 'expires'} {say_left(not_after, now)}"


@register.filter
def tone(not_after: datetime) -> str:
    """A severity for how soon it is."""
    return urgency_of(not_after, utc_now()).tone


@register.filter
def used_up(not_after: datetime, not_before: datetime) -> int:
    """Percent of the lifetime that are over."""
    life = (not_after - not_before).total_seconds()
    gone = (utc_now() - not_before).total_seconds()
    return 100 if life <= 0 else max(0, min(100, round(100 * gone / life)))


@register.filter
def colons(digest: str) -> str:
    """Hex as programs print it: AB:CD."""
    even = digest if len(digest) % 2 == 0 else f"0{digest}"
    return ":".join(_PAIR.findall(even.upper()))


@register.filter
def kind_of(slug: str) -> Kind | None:
    """The kind of a finding."""
    return KINDS.get(slug)

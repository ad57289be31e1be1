"""How pages of schedules write instants: on the wall of a zone."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from opsportal.lib.times import format_duration, format_instant
from opsportal.lib.windows import zone_of

register = template.Library()


@register.filter
def wall(instant: datetime | None, zone: ZoneInfo | str) -> SafeString | str:
    """`Mon 5 Jan 09:00` as a `time` element that tells the instant."""
    if instant is None:
        return ""
    shown = instant.astimezone(zone_of(zone) if isinstance(zone, str) else zone)
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        format_instant(instant),
        f"{instant:%Y-%m-%d %H:%M:%S}",
        f"{shown:%a} {shown.day} {shown:%b %H:%M}",
    )


@register.filter
def away(instant: datetime, now: datetime) -> str:
    """How long until then, by the minute: `2d 4h`."""
    minutes = max(0, int((instant - now).total_seconds() // 60))
    return format_duration(timedelta(minutes=minutes)) if minutes else "a moment"


@register.filter
def field_time(instant: datetime, zone: ZoneInfo) -> str:
    """The value of a `datetime-local` field."""
    return f"{instant.astimezone(zone):%Y-%m-%dT%H:%M}"

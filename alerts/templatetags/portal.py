"""How pages write instants, ages and addresses."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from opsportal.lib.times import format_duration, format_instant, utc_now

register = template.Library()
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


@register.filter
def age(instant: datetime | None) -> str:
    """How long ago, by the minute, so that a page stays the same for a while: `2h 5m`."""
    if instant is None:
        return ""
    minutes = int(abs(utc_now() - instant).total_seconds() // 60)
    return format_duration(timedelta(minutes=minutes)) if minutes else "<1m"


@register.filter
def ago(instant: datetime | None) -> SafeString | str:
    """The age as a `time` element that tells the instant."""
    return _element(instant, age(instant)) if instant else ""


@register.filter
def at(instant: datetime | None) -> SafeString | str:
    """Date and time in UTC as a `time` element."""
    return _element(instant, f"{instant:%Y-%m-%d %H:%M:%S}") if instant else ""


def _element(instant: datetime, text: str) -> SafeString:
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        format_instant(instant),
        f"{instant:%Y-%m-%d %H:%M:%S}",
        text,
    )


@register.filter
def web_address(text: str) -> str:
    """The address when a browser may safely be sent there, else nothing."""
    try:
        parts = urlsplit(str(text).strip())
    except ValueError:
        return ""
    return str(text).strip() if parts.scheme in {"http", "https"} and parts.netloc else ""


@register.filter
def pretty(text: str) -> str:
    """JSON text indented; other text as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return str(text)


@register.simple_tag
def url_with(params: Mapping[str, str | Sequence[str]] | None, **changes: object) -> str:
    """A query string: the parameters with some changed; an empty value removes one."""
    merged = {**(params or {}), **{name: str(value or "") for name, value in changes.items()}}
    kept = {name: value for name, value in merged.items() if value}
    return "?" + urlencode(kept, doseq=True)


@register.filter
def of(table: Mapping[Any, Any], key: Any) -> Any:
    """The table's entry of that key."""
    return table.get(key, {})


@register.filter
def lasted(end: datetime, start: datetime) -> str:
    """How long it was from start to end."""
    return format_duration(end - start)


@register.filter
def span(duration: timedelta | None) -> str:
    """A length of time in its two largest units; nothing for none."""
    return "" if duration is None else format_duration(duration)


@register.filter
def readable(text: str) -> SafeString | str:
    """An instant as pages write it; other text as it is."""
    if not _INSTANT.fullmatch(text):
        return text
    return at(datetime.fromisoformat(text))


@register.filter
def beside(instant: datetime, other: datetime) -> SafeString:
    """How long before or after the other it was: `4m before`."""
    apart = abs(instant - other)
    if apart < timedelta(seconds=1):
        return _element(instant, "at the start")
    return _element(instant, f"{format_duration(apart)} {'before' if instant < other else 'after'}")


@register.filter
def figure(value: float) -> str:
    """A number without the fraction that it does not have."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else str(value)


@register.filter
def milliseconds(duration: timedelta) -> int:
    """The duration as a whole number of milliseconds."""
    return int(duration.total_seconds() * 1000)


@register.filter
def spaced(word: str) -> str:
    """A stored word as people write it: `already_told` with a space."""
    return word.replace("_", " ")


@register.filter
def about_words(about: str) -> str:
    """What a notification was about, in words."""
    kind, _, rest = about.partition(" ")
    if kind == "page":
        walk, _, step = rest.partition(".")
        if not (walk.isdigit() and step.isdigit()):
            return "paged"
        # Counted from 0 where they are stored.
        return f"paged, round {int(walk) + 1} step {int(step) + 1}"
    return {"woken": "fires after a snooze", "released": "fires, held back no more"}.get(
        kind, about
    )

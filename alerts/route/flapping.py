"""Alerts that come and go: how often a key has opened of late, and whether that was told."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from django.conf import settings
from django.db.models import Count, Min, Q

from alerts.models import Alert, Transition

Kind = Transition.Kind
_MOST = 32_767  # that the column takes


class Openings(NamedTuple):
    """What a key has done within the window."""

    number: int
    # The first episode of the window that was marked; it was told, those after it are not.
    marked: int | None


class Flapping(Protocol):
    """An episode, as far as it may flap."""

    pk: int
    dedup_key: str
    flapping: int
    received_at: datetime


def count_openings(keys: Collection[str], now: datetime) -> dict[str, Openings]:
    """The openings of these keys: one query, or none."""
    if not keys or not settings.FLAPPING_COUNT:
        return {}
    recent = Alert.objects.filter(
        dedup_key__in=keys, received_at__gt=now - settings.FLAPPING_WITHIN
    )
    counted = (
        recent.order_by()
        .values("dedup_key")
        .annotate(number=Count("pk"), marked=Min("pk", filter=Q(flapping__gt=0)))
    )
    return {row["dedup_key"]: Openings(min(row["number"], _MOST), row["marked"]) for row in counted}


def flapping_note(
    kind: str, episode: Flapping, openings: dict[str, Openings], now: datetime
) -> tuple[str, bool]:
    """What is to be said of it, if it flaps, and whether that holds it back.

    Of a key that flaps the first episode is told, the next are not until the key has been calm; one
    that lasts for the whole window is told, and one that gets worse is told at once.
    """
    found = openings.get(episode.dedup_key)
    if kind == Kind.REOPENED:
        if found is None or found.number < settings.FLAPPING_COUNT:
            return "", False
        episode.flapping = found.number
        if found.marked is None:
            openings[episode.dedup_key] = found._replace(marked=episode.pk)
    if not episode.flapping:
        return "", False
    text = f"flapping: {episode.flapping} times in the last {_window(settings.FLAPPING_WITHIN)}"
    marked = openings.get(episode.dedup_key, Openings(0, None)).marked
    first = marked is None or marked >= episode.pk
    return text, not first and _is_held(kind, episode, now)


def _is_held(kind: str, episode: Flapping, now: datetime) -> bool:
    if kind not in (Kind.REOPENED, Kind.RELEASED, Kind.IMPROVED):
        return False
    return now < episode.received_at + settings.FLAPPING_WITHIN


def _window(within: timedelta) -> str:
    minutes = int(within.total_seconds() // 60)
    return "hour" if minutes == 60 else f"{minutes} minutes"

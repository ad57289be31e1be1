"""Decide: which changes may have brought something about, each with its reasons.

A score is a product of terms, each shown: how long ago, how near, what kind, how it ended, and how
rare a change is where it was made.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import exp, log
from types import MappingProxyType

from django.db.models import Count, Q, QuerySet

from chronos.models import ChangeEvent, Dependency
from chronos.normalise import FAILED
from chronos.unify import canonical_name

# What ended so long ago is blamed a third as much as what ended just now.
FADES = timedelta(minutes=30)
LOOK_BACK = timedelta(hours=3)
# Elsewhere there is more than anybody could look at, and it counts for little.
LOOK_BACK_ELSEWHERE = timedelta(hours=1)
# Of each neighbourhood the newest are looked at.
_CANDIDATES = 200
MOST_SUSPECTS = 10
# Below it a change is none: it says that nothing is known.
LEAST_SCORE = 0.01
# How usual changes are is counted over so long.
_USUAL = timedelta(days=7)
_STILL_DEPLOYING = 0.5
# Words of the survey of incidents; any other kind is a note's.
KIND_WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "deployment": 1.0, "release": 1.0, "config": 1.0, "flag": 1.0, "migration": 1.0,
        "rollback": 1.0, "experiment": 0.9, "infra": 0.8, "security": 0.8, "certificate": 0.8,
        "maintenance": 0.8, "operation": 0.8, "scale": 0.5, "restart": 0.5, "job": 0.4,
        "access": 0.3,
    }
)  # fmt: skip
_OTHER_KIND = 0.1
# What tells of trouble is not its cause.
NO_CAUSES = ("alert", "incident", "silence")
_INFRA = ("infra", "scale", "migration", "maintenance", "security", "certificate")


@dataclass(frozen=True, slots=True)
class Scene:
    """A moment and a place where something went wrong; an empty text is everywhere.

    With `known_at`, only what had been heard of by then counts: the same whenever it is asked.
    """

    at: datetime
    service: str = ""
    environment: str = ""
    region: str = ""
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """One factor of a score, and why it is what it is."""

    name: str
    value: float
    why: str


@dataclass(frozen=True, slots=True)
class Suspect:
    """A change that may be the cause; the score orders, 1 is the most that is usual."""

    event: ChangeEvent
    score: float
    terms: Sequence[Term]
    at: datetime

    @property
    def words(self) -> str:
        """`api 412 deployed by jo 6 minutes before`."""
        return f"{_deed(self.event)} {_apart(self.event, self.at)}"


def find_suspects(scene: Scene, *, limit: int = MOST_SUSPECTS) -> list[Suspect]:
    """The changes that may have brought it about, likeliest first; a few bounded queries.

    An alert may say another name of the place than that with which changes are recorded.
    """
    scene = replace(
        scene,
        service=canonical_name("service", scene.service),
        environment=canonical_name("environment", scene.environment),
        region=canonical_name("region", scene.region),
    )
    needed = _needed_by(scene.service)
    events = {event.pk: event for found in _neighbourhoods(scene, needed) for event in found}
    usual = _usual(scene.at, {event.service for event in events.values() if event.service})
    return rank_suspects(scene, events.values(), usual, needed)[:limit]


def rank_suspects(
    scene: Scene,
    events: Iterable[ChangeEvent],
    usual: Mapping[str, float],
    needed: frozenset[str] = frozenset(),
) -> list[Suspect]:
    """Of these changes those that may be it; `usual` is how many a service has in a day, `needed`
    what the scene's service depends on."""
    ranked = []
    for event in events:
        terms = _terms(scene, event, usual.get(event.service, 0.0), needed)
        score = 1.0
        for term in terms:
            score *= term.value
        if score >= LEAST_SCORE:
            ranked.append(Suspect(event, round(score, 3), terms, scene.at))
    ranked.sort(key=lambda found: (-found.score, scene.at - _last(found.event)))
    return ranked


def _terms(
    scene: Scene, event: ChangeEvent, daily: float, needed: frozenset[str]
) -> tuple[Term, ...]:
    rarity = 1 / (1 + log(1 + daily) / 4)
    changes = "change" if round(daily) == 1 else "changes"
    often = f"{daily:.0f} {changes} a day there" if daily >= 1 else "seldom changed"
    return (
        _recency(scene, event),
        _nearness(scene, event, needed),
        Term("kind", KIND_WEIGHTS.get(event.kind, _OTHER_KIND), event.kind),
        _status(event),
        Term("rarity", round(rarity, 3), often),
    )


def _recency(scene: Scene, event: ChangeEvent) -> Term:
    if event.started_at > scene.at:
        return Term("recency", 0.0, "began after")
    under_way = event.ended_at is None or event.ended_at > scene.at
    last = event.started_at if under_way else _last(event)
    value = exp(-((scene.at - last) / FADES))
    if under_way:
        return Term("recency", round(value * _STILL_DEPLOYING, 3), "under way at the time")
    return Term("recency", round(value, 3), f"ended {_apart(event, scene.at)}")


def _nearness(scene: Scene, event: ChangeEvent, needed: frozenset[str]) -> Term:
    elsewhere = bool(scene.environment and event.environment) and (
        scene.environment != event.environment
    )
    if elsewhere:
        return Term("distance", 0.1, f"in {event.environment}")
    if scene.service and event.service == scene.service:
        apart = scene.region and event.region and scene.region != event.region
        return Term(
            "distance",
            0.7 if apart else 1.0,
            "the same service" + (f", in {event.region}" if apart else ""),
        )
    if event.service in needed:
        return Term("distance", 0.5, f"{scene.service} depends on it")
    if event.environment and event.environment == scene.environment and event.kind in _INFRA:
        return Term("distance", 0.4, "what it runs on, in the same environment")
    return Term("distance", 0.1, "elsewhere" if event.service else "no service named")


def _status(event: ChangeEvent) -> Term:
    if event.kind == "rollback":
        return Term("status", 0.3, "a rollback is a fix")
    return Term("status", 1.2 if event.status == FAILED else 1.0, event.status)


def _neighbourhoods(scene: Scene, needed: frozenset[str]) -> list[QuerySet[ChangeEvent]]:
    """The same service and what it needs for hours, the rest for one."""
    events = ChangeEvent.objects.exclude(kind__in=NO_CAUSES).defer(
        "data", "before", "after", "body"
    )
    if scene.known_at is not None:
        events = events.filter(recorded_at__lte=scene.known_at)
    events = events.filter(started_at__lte=scene.at).order_by("-started_at", "-id")
    near = events.filter(started_at__gte=scene.at - LOOK_BACK)
    around = events.filter(started_at__gte=scene.at - LOOK_BACK_ELSEWHERE)
    if scene.environment:
        around = around.filter(Q(environment=scene.environment) | Q(environment=""))
    found = [around[:_CANDIDATES]]
    if scene.service:
        found.insert(0, near.filter(service__in=[scene.service, *needed])[:_CANDIDATES])
    return found


def _usual(at: datetime, services: set[str]) -> dict[str, float]:
    """How many changes a day each had in the week before."""
    if not services:
        return {}
    rows = ChangeEvent.objects.filter(
        service__in=services, started_at__gte=at - _USUAL, started_at__lt=at
    )
    counted = rows.order_by().values_list("service").annotate(count=Count("id"))
    days = _USUAL / timedelta(days=1)
    return {service: count / days for service, count in counted}


def _needed_by(service: str) -> frozenset[str]:
    if not service:
        return frozenset()
    found = Dependency.objects.filter(service=service).values_list("depends_on", flat=True)
    return frozenset(found[:_CANDIDATES])


def _last(event: ChangeEvent) -> datetime:
    return event.ended_at or event.started_at


_DEEDS: Mapping[str, str] = MappingProxyType(
    {"deployment": "deployed", "rollback": "rolled back", "release": "released"}
)


def _deed(event: ChangeEvent) -> str:
    """What was done, by whom: `api 412 deployed by jo`."""
    by = f" by {event.actor}" if event.actor else ""
    verb = _DEEDS.get(event.kind)
    if not (verb and event.service and event.version):
        return f"{event.title}{by}"
    failing = " (failed)" if event.status == FAILED else ""
    if event.ended_at is None:
        return f"{event.service} {event.version} being {verb}{by}"
    return f"{event.service} {event.version} {verb}{failing}{by}"


def _apart(event: ChangeEvent, at: datetime) -> str:
    minutes = round((at - _last(event)).total_seconds() / 60)
    if event.ended_at is None or event.ended_at > at:
        minutes = round((at - event.started_at).total_seconds() / 60)
        return f"since {_minutes(minutes)} before" if minutes else "at the same time"
    return f"{_minutes(minutes)} before" if minutes else "just before"


def _minutes(minutes: int) -> str:
    if minutes >= 120:
        return f"{minutes // 60} hours"
    return f"{minutes} minute{'' if minutes == 1 else 's'}"

"""What alerts with labels and annotations, in Prometheus's manner, come to as events."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, cast

import msgspec
from msgspec import Struct

from alerts.formats.fingerprints import fingerprints
from alerts.normalise import ALERTMANAGER_KEY, SEVERITY_RANK, SEVERITY_SYNONYMS, Link
from opsportal.lib.times import EARLIEST, LATEST

# Go's zero time, which stands for "not set".
UNSET_YEAR = 1
# Alertmanager knows no limits; pages, answers and messages need some.
MOST_PAIRS, LONGEST_VALUE, LONGEST_URL = 500, 4096, 2000
# The labels that fill a field: the first that is there does.
FILLED_BY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "name": ("alertname", "name"),
        "service": ("service", "job", "app"),
        "resource": ("instance", "resource", "pod", "host"),
        "environment": ("environment", "env"),
        "region": ("region", "datacenter"),
    }
)
_NAME, _SERVICE, _RESOURCE, _ENVIRONMENT, _REGION = FILLED_BY.values()
# The same of annotations.
_SUMMARY, _DESCRIPTION = ("summary", "title"), ("description", "message")
_RUNBOOK = ("runbook_url", "runbook")
_LATEST = LATEST - timedelta(seconds=1)


class LabelledAlert(Struct, rename="camel", gc=False):
    """An alert as Prometheus, Alertmanager and Grafana write it."""

    labels: dict[str, str | None] | None = None
    annotations: dict[str, str | None] | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    generator_url: str | None = msgspec.field(default=None, name="generatorURL")


def pairs_of(alert: LabelledAlert) -> tuple[dict[str, str], dict[str, str]]:
    """The labels that have a value, and the annotations.

    Raises ValueError in Alertmanager's words when there is no label, in ours for too many.
    """
    labels, notes = alert.labels or {}, alert.annotations or {}
    if not all(labels.values()):
        labels = {name: value for name, value in labels.items() if value}
    if None in notes.values():
        notes = {name: value or "" for name, value in notes.items()}
    if not labels:
        raise ValueError("at least one label pair required")
    if "" in labels:
        raise ValueError('invalid label set: invalid name ""')
    if "" in notes:
        raise ValueError('invalid annotations: invalid name ""')
    if len(labels) > MOST_PAIRS or len(notes) > MOST_PAIRS:
        raise ValueError(f"more than {MOST_PAIRS} labels or annotations")
    return cast("dict[str, str]", labels), cast("dict[str, str]", notes)


def fields_of(labels: Mapping[str, str], annotations: Mapping[str, str]) -> dict[str, Any]:
    """The fields of an event that well-known labels and annotations fill, each cut to its column.

    An alert without a name has the value of its first label as such.
    """
    runbook = _first(annotations, _RUNBOOK, 1000)
    return {
        "name": _first(labels, _NAME, 300) or next(iter(labels.values()))[:300],
        "severity": severity_of(labels.get("severity", "")),
        "summary": _first(annotations, _SUMMARY, 1024),
        "description": _first(annotations, _DESCRIPTION, 32_768),
        "service": _first(labels, _SERVICE, 200),
        "resource": _first(labels, _RESOURCE, 300),
        "environment": _first(labels, _ENVIRONMENT, 100),
        "region": _first(labels, _REGION, 100),
        "runbook_url": runbook if _is_web(runbook) else "",
    }


def cut_values(texts: Mapping[str, str], payload: bytes) -> Mapping[str, str]:
    """The values as they are kept; who they are about was told by the whole of them."""
    if len(payload) <= LONGEST_VALUE:
        return texts
    return {name: value[:LONGEST_VALUE] for name, value in texts.items()}


def dedup_key_of(labels: Mapping[str, str]) -> str:
    """One for each set of labels, whether Prometheus sends it or Alertmanager passes it on."""
    return dedup_keys_of([labels])[0]


def dedup_keys_of(many: Sequence[Mapping[str, str]]) -> list[str]:
    """The same for many at once, which costs less."""
    return [ALERTMANAGER_KEY + found for found in fingerprints(many)]


def instant_of(given: datetime | None) -> datetime | None:
    """The instant in UTC, or None when absent or Go's zero time.

    What lies beyond the years that the portal keeps, "never" for instance, is at their end.
    """
    if given is None or given.year == UNSET_YEAR:
        return None
    try:
        instant = given.astimezone(UTC) if given.tzinfo else given.replace(tzinfo=UTC)
    except OverflowError:
        return _LATEST
    return min(max(instant, EARLIEST), _LATEST)


def severity_of(label: str) -> str:
    """Ours for theirs; a label is free text, so what is unknown is a warning."""
    label = label.lower()
    return label if label in SEVERITY_RANK else SEVERITY_SYNONYMS.get(label, "warning")


def web_links(*given: tuple[str | None, str]) -> tuple[Link, ...]:
    """Links of those addresses that are any, each once, with their texts."""
    links: dict[str, Link] = {}
    for href, text in given:
        if href and href not in links and len(href) <= LONGEST_URL and _is_web(href):
            links[href] = Link(href, text)
    return tuple(links.values())


def _first(texts: Mapping[str, str], names: Iterable[str], cut: int) -> str:
    """The first of these that is there, cut to its column."""
    for name in names:
        if text := texts.get(name):
            return text[:cut]
    return ""


def _is_web(address: str) -> bool:
    return address.startswith(("http://", "https://"))

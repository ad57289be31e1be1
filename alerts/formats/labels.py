"""What alerts with labels and annotations, in Prometheus's manner, come to as events."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import Struct

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
_LATEST = LATEST - timedelta(seconds=1)
_FNV_OFFSET, _FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3


class LabelledAlert(Struct, rename="camel"):
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
    labels = {name: value for name, value in (alert.labels or {}).items() if value}
    notes = {name: value or "" for name, value in (alert.annotations or {}).items()}
    if not labels:
        raise ValueError("at least one label pair required")
    for what, names in (("label set", labels), ("annotations", notes)):
        if "" in names:
            raise ValueError(f'invalid {what}: invalid name ""')
    if len(labels) > MOST_PAIRS or len(notes) > MOST_PAIRS:
        raise ValueError(f"more than {MOST_PAIRS} labels or annotations")
    return labels, notes


def fields_of(labels: Mapping[str, str], annotations: Mapping[str, str]) -> dict[str, Any]:
    """The fields of an event that well-known labels and annotations fill, each cut to its column.

    An alert without a name has the value of its first label as such.
    """
    runbook = _first(annotations, "runbook_url", "runbook", cut=1000)
    return {
        "name": _field(labels, "name", 300) or next(iter(labels.values()))[:300],
        "severity": severity_of(labels.get("severity", "")),
        "summary": _first(annotations, "summary", "title", cut=1024),
        "description": _first(annotations, "description", "message", cut=32_768),
        "service": _field(labels, "service", 200),
        "resource": _field(labels, "resource", 300),
        "environment": _field(labels, "environment", 100),
        "region": _field(labels, "region", 100),
        "runbook_url": runbook if _is_web(runbook) else "",
    }


def cut_values(texts: Mapping[str, str], payload: bytes) -> Mapping[str, str]:
    """The values as they are kept; who they are about was told by the whole of them."""
    if len(payload) <= LONGEST_VALUE:
        return texts
    return {name: value[:LONGEST_VALUE] for name, value in texts.items()}


@lru_cache(maxsize=65_536)
def fingerprint(labels: tuple[tuple[str, str], ...]) -> str:
    """Alertmanager's identity of a sorted label set: FNV-1a 64 (prometheus/common model)."""
    text = b"".join(name.encode() + b"\xff" + value.encode() + b"\xff" for name, value in labels)
    hashed = _FNV_OFFSET
    for byte in text:
        hashed = ((hashed ^ byte) * _FNV_PRIME) & 0xFFFFFFFFFFFFFFFF
    return f"{hashed:016x}"


def dedup_key_of(labels: Mapping[str, str]) -> str:
    """One for each set of labels, whether Prometheus sends it or Alertmanager passes it on."""
    return ALERTMANAGER_KEY + fingerprint(tuple(sorted(labels.items())))


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


def _field(labels: Mapping[str, str], name: str, cut: int) -> str:
    return _first(labels, *FILLED_BY[name], cut=cut)


def _first(texts: Mapping[str, str], *names: str, cut: int) -> str:
    """The first of these that is there, cut to its column."""
    return next((texts[name][:cut] for name in names if texts.get(name)), "")


def _is_web(address: str) -> bool:
    return address.startswith(("http://", "https://"))

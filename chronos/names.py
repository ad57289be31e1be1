"""The names that changes are told with: noted as they come, recalled for questions."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from time import monotonic
from types import MappingProxyType

from django.db.models import F, Max, Min, QuerySet

from chronos.models import NAMED, ChangeEvent, KnownName
from chronos.normalise import Change

# Names that this process has stored; and how many it remembers at most.
_NOTED: set[tuple[str, str]] = set()
_MOST_NOTED = 100_000
# When this process last noted that a source is heard: repeats of what is known count too.
_HEARD: dict[str, float] = {}
_HEARD_EVERY = 300.0  # seconds
# Of each question at most so many names are looked through, those heard of last.
MOST_RECALLED = 20_000
_RECALLED_FOR = 60.0  # seconds
_RECALLED: list[tuple[float, MappingProxyType[str, tuple[str, ...]]]] = []
# A sender of ever new names must not make this longer without end: per batch at most.
_MOST_NEW = 1000


def forget_names() -> None:
    """Ask the database anew."""
    _NOTED.clear()
    _HEARD.clear()
    _RECALLED.clear()


def note_names(changes: Sequence[ChangeEvent] | Sequence[Change], *, now: datetime) -> None:
    """Store the names that are new; no query where this process has seen them all."""
    fresh = {
        (field, name)
        for change in changes
        for field in NAMED
        if (name := getattr(change, field)) and (field, name) not in _NOTED
    }
    _note_heard({change.source for change in changes}, now)
    if not fresh:
        return
    if len(_NOTED) > _MOST_NOTED:
        _NOTED.clear()
    rows = [
        KnownName(field=field, name=name, first_seen_at=now, last_seen_at=now)
        for field, name in sorted(fresh)[:_MOST_NEW]
    ]
    KnownName.objects.bulk_create(rows, ignore_conflicts=True)
    # Where the transaction comes to nothing they are stored by the next counting.
    _NOTED.update(fresh)


def _note_heard(sources: set[str], now: datetime) -> None:
    at = monotonic()
    due = sorted(source for source in sources if at - _HEARD.get(source, at) >= _HEARD_EVERY)
    if due:
        rows = KnownName.objects.filter(field="source", name__in=due, last_seen_at__lt=now)
        rows.update(last_seen_at=now)
    if len(_HEARD) > _MOST_NOTED:
        _HEARD.clear()
    _HEARD.update(dict.fromkeys([*due, *(sources - _HEARD.keys())], at))


def note_seen(touched: QuerySet[ChangeEvent]) -> None:
    """Note when the names of these changes were heard of first and last."""
    for field in NAMED:
        found = (
            touched.exclude(**{field: ""})
            .order_by()
            .values_list(field)
            .annotate(Min("recorded_at"), Max("updated_at"))
        )
        rows = [
            KnownName(field=field, name=name, first_seen_at=first, last_seen_at=last)
            for name, first, last in found.iterator()
        ]
        _store_seen(field, rows)


def mention_names(field: str, names: Iterable[str], *, now: datetime) -> None:
    """Note names that others know, such as services of alerts, whether or not they change."""
    rows = [KnownName(field=field, name=name, mentioned_at=now) for name in sorted(set(names))]
    KnownName.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["field", "name"],
        update_fields=["mentioned_at"],
        batch_size=500,
    )


def known_names() -> MappingProxyType[str, tuple[str, ...]]:
    """Field -> names, those heard of last first; of this minute, with one query."""
    if _RECALLED and monotonic() - _RECALLED[0][0] < _RECALLED_FOR:
        return _RECALLED[0][1]
    names: dict[str, list[str]] = {field: [] for field in NAMED}
    newest = KnownName.objects.order_by(F("last_seen_at").desc(nulls_last=True), "name")
    for field, name in newest.values_list("field", "name")[:MOST_RECALLED]:
        names.setdefault(field, []).append(name)
    found = MappingProxyType({field: tuple(known) for field, known in names.items()})
    _RECALLED[:] = [(monotonic(), found)]
    return found


def _store_seen(field: str, rows: Sequence[KnownName]) -> None:
    """Make new ones; of the rest the last time moves."""
    for start in range(0, len(rows), 500):
        part = rows[start : start + 500]
        stored = {
            row.name: row
            for row in KnownName.objects.filter(field=field, name__in=[row.name for row in part])
        }
        KnownName.objects.bulk_create(
            [row for row in part if row.name not in stored], ignore_conflicts=True
        )
        later = []
        for row in part:
            if (old := stored.get(row.name)) and _is_later(row, old):
                old.last_seen_at = row.last_seen_at
                old.first_seen_at = old.first_seen_at or row.first_seen_at
                later.append(old)
        KnownName.objects.bulk_update(later, ["first_seen_at", "last_seen_at"])


def _is_later(row: KnownName, old: KnownName) -> bool:
    return old.last_seen_at is None or bool(
        row.last_seen_at and row.last_seen_at > old.last_seen_at
    )

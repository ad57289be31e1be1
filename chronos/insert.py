"""Store: many new rows at once, by what each database has for that.

Django's own way takes as long to write the statement as the database to carry it out.
"""

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any
from uuid import UUID

import msgspec
from django.db import IntegrityError, connection, models

from chronos.models import ChangeEvent, EventKey
from opsportal.lib.deadlocks import OvertakenError

_EVENTS = ChangeEvent._meta.db_table
_FIELDS = ChangeEvent._meta.concrete_fields
_COLUMNS = [field.column or "" for field in _FIELDS]
_TIMES = tuple(p for p, field in enumerate(_FIELDS) if isinstance(field, models.DateTimeField))
_JSON = tuple(p for p, field in enumerate(_FIELDS) if isinstance(field, models.JSONField))
_encode = msgspec.json.Encoder().encode
_values = attrgetter(*(field.attname for field in _FIELDS))


def insert_events(events: Sequence[ChangeEvent]) -> None:
    """Store new changes; they get their ids. In the caller's transaction."""
    if not events:
        return
    for event, pk in zip(events, _next_ids(len(events)), strict=True):
        event.pk = pk
        event._state.adding = False
    _insert(_EVENTS, _COLUMNS, map(_row, events))


def insert_keys(keys: Mapping[UUID, int]) -> None:
    """Store new keys of changes. Raises OvertakenError for one that somebody stored first."""
    if not keys:
        return
    plain = connection.features.has_native_uuid_field
    # Sorted, so that concurrent batches wait for each other in one order.
    rows = [(key if plain else key.hex, event_id) for key, event_id in sorted(keys.items())]
    try:
        _insert(EventKey._meta.db_table, ["id", "event_id"], rows)
    except IntegrityError as error:
        raise OvertakenError(*error.args) from error


def _next_ids(count: int) -> list[int]:
    """Numbers that nobody else gets: on SQLite since whoever writes, writes alone."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            sequence = f"pg_get_serial_sequence('{_EVENTS}', 'id')"
            cursor.execute(f"SELECT nextval({sequence}) FROM generate_series(1, %s)", [count])
            return [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [_EVENTS])
        last = (cursor.fetchone() or (0,))[0]
    return list(range(last + 1, last + 1 + count))


def _row(event: ChangeEvent) -> list[Any]:
    row = list(_values(event))
    for place in _JSON:
        row[place] = None if row[place] is None else _encode(row[place]).decode()
    if connection.vendor == "sqlite":
        for place in _TIMES:
            if row[place] is not None:
                row[place] = str(row[place].replace(tzinfo=None))
    return row


def _insert(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            copied = cursor.cursor.copy(f'COPY "{table}" ({names}) FROM STDIN')
            with connection.wrap_database_errors, copied as copy:
                for row in rows:
                    copy.write_row(row)
            return
        marks = ", ".join(["%s"] * len(columns))
        cursor.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', list(rows))

"""Many new rows at once, by what each database has for that.

Django's own way takes several times as long to write the statement as the database to carry it
out.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
from django.db import connection, models

_encode = msgspec.json.Encoder().encode


class _Table(NamedTuple):
    name: str
    columns: list[str]
    times: tuple[int, ...]
    documents: tuple[int, ...]
    # Texts that may be a member of TextChoices.
    choices: tuple[int, ...]
    values: Callable[[Any], tuple[Any, ...]]


@cache
def _table(model: type[models.Model]) -> _Table:
    fields = model._meta.concrete_fields

    def places(holds: Callable[[Any], bool]) -> tuple[int, ...]:
        return tuple(place for place, field in enumerate(fields) if holds(field))

    return _Table(
        model._meta.db_table,
        [field.column or "" for field in fields],
        places(lambda field: isinstance(field, models.DateTimeField)),
        places(lambda field: isinstance(field, models.JSONField)),
        places(lambda field: isinstance(field, models.CharField) and bool(field.choices)),
        attrgetter(*(field.attname for field in fields)),
    )


def insert_rows(rows: Sequence[models.Model]) -> None:
    """Store new rows of one model; they get their ids. In the caller's transaction.

    Related rows are told by their ids (`resource_id`), and nothing is checked.
    """
    if not rows:
        return
    table = _table(type(rows[0]))
    for row, pk in zip(rows, next_ids(table.name, len(rows)), strict=True):
        row.pk = pk
        row._state.adding, row._state.db = False, connection.alias
    insert_values(table.name, table.columns, [_values(row, table) for row in rows])


def next_ids(table: str, count: int) -> list[int]:
    """Numbers that nobody else gets: on SQLite since whoever writes, writes alone."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            sequence = f"pg_get_serial_sequence('{table}', 'id')"
            cursor.execute(f"SELECT nextval({sequence}) FROM generate_series(1, %s)", [count])
            return [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        last = (cursor.fetchone() or (0,))[0]
    return list(range(last + 1, last + 1 + count))


def _values(row: models.Model, table: _Table) -> list[Any]:
    values = list(table.values(row))
    for place in table.documents:
        values[place] = None if values[place] is None else _encode(values[place]).decode()
    for place in table.choices:
        if values[place] is not None:
            values[place] = str(values[place])
    if connection.vendor == "sqlite":
        for place in table.times:
            if values[place] is not None:
                values[place] = str(values[place].replace(tzinfo=None))
    return values


def insert_values(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Store rows as the database takes them."""
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

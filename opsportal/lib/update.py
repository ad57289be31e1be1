"""Columns of many rows, each with values of its own, in one statement.

Django's own way writes a case for each row, which costs several times as much as the update.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db import connection, models

_encode = msgspec.json.Encoder().encode


def update_values(
    model: type[models.Model], field: str, values: Mapping[int, datetime | int | None]
) -> None:
    """Set a column by the rows' ids. In the caller's transaction."""
    update_columns(model, [field], {pk: (value,) for pk, value in values.items()})


def update_columns(
    model: type[models.Model], fields: Sequence[str], values: Mapping[int, Sequence[Any]]
) -> None:
    """Set some columns by the rows' ids. In the caller's transaction; nothing is checked."""
    if not values:
        return
    found: list[Any] = [model._meta.get_field(name) for name in fields]
    documents = [place for place, each in enumerate(found) if isinstance(each, models.JSONField)]
    if documents:
        values = {pk: _with_text(each, documents) for pk, each in values.items()}
    write = _on_postgresql if connection.vendor == "postgresql" else _on_sqlite
    write(model._meta.db_table, found, values)


def _with_text(values: Sequence[Any], documents: Sequence[int]) -> list[Any]:
    row = list(values)
    for place in documents:
        row[place] = _encode(row[place]).decode()
    return row


def _on_postgresql(table: str, fields: Sequence[Any], values: Mapping[int, Sequence[Any]]) -> None:
    names = [f"v{place}" for place, _ in enumerate(fields)]
    sets = ", ".join(
        f'"{field.column}" = given.{name}' for field, name in zip(fields, names, strict=True)
    )
    kinds = "".join(f", %s::{field.db_type(connection)}[]" for field in fields)
    with connection.cursor() as cursor:
        cursor.execute(
            f'UPDATE "{table}" SET {sets}'
            f" FROM unnest(%s::bigint[]{kinds}) AS given(id, {', '.join(names)})"
            f' WHERE "{table}".id = given.id',
            [list(values), *map(list, zip(*values.values(), strict=True))],
        )


def _on_sqlite(table: str, fields: Sequence[Any], values: Mapping[int, Sequence[Any]]) -> None:
    sets = ", ".join(
        f"\"{field.column}\" = json_extract(given.value, '$[{place}]')"
        for place, field in enumerate(fields, 1)
    )
    rows = [(pk, *map(_plain, each)) for pk, each in values.items()]
    with connection.cursor() as cursor:
        cursor.execute(
            f'UPDATE "{table}" SET {sets} FROM json_each(%s) AS given'
            f" WHERE \"{table}\".id = json_extract(given.value, '$[0]')",
            [_encode(rows).decode()],
        )


def _plain(value: Any) -> Any:
    return str(value.replace(tzinfo=None)) if isinstance(value, datetime) else value

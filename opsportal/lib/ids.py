"""A condition on many ids that costs the same to write down as one on a few."""

from collections.abc import Iterable
from typing import Any

import msgspec
from django.db import models


class IdIn(models.Func):
    """As `pk__in=ids`, which makes a parameter of each: a third of what a batch of 500 costs.

    For `filter()`; the ids travel as one parameter.
    """

    conditional = True
    output_field = models.BooleanField()

    def __init__(self, ids: Iterable[int] | Iterable[str], field: str = "pk") -> None:
        super().__init__(models.F(field))
        self.ids: list[int] | list[str] = list(ids)  # type: ignore[assignment]

    def as_sql(
        self, compiler: Any, connection: Any, *_: object, **__: object
    ) -> tuple[str, tuple[Any, ...]]:
        """Each database has its own way to take many values at once."""
        column, params = compiler.compile(self.get_source_expressions()[0])
        if connection.vendor == "postgresql":
            return f"{column} = ANY(%s)", (*params, self.ids)
        text = msgspec.json.encode(self.ids).decode()
        among = "IN (SELECT value FROM json_each(%s))"
        return f"{column} {among}", (*params, text)

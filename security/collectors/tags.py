"""Tags, as a table."""

from collections.abc import Iterable, Mapping
from typing import Any


def tag_table(rows: Iterable[Mapping[str, Any]] | None) -> dict[str, str]:
    """AWS's list of keys and values, in whichever of its spellings."""
    found = {}
    for row in rows or ():
        key = row.get("Key", row.get("key", row.get("TagKey")))
        value = row.get("Value", row.get("value", row.get("TagValue")))
        if key is not None:
            found[str(key)] = "" if value is None else str(value)
    return found

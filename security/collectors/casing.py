"""Answers of AWS's APIs in our spelling."""

from collections.abc import Mapping
from typing import Any

from botocore import xform_name


def snake_case(value: Any) -> Any:
    """The same with all names in lower snake case, and without names that people chose to show.

    Only for structures whose names are the API's: tables that customers name stay as they are.
    """
    if isinstance(value, Mapping):
        return {
            xform_name(str(name)): snake_case(inner)
            for name, inner in value.items()
            # AWS gives it or leaves it out as it likes.
            if name != "DisplayName"
        }
    if isinstance(value, (list, tuple)):
        return [snake_case(inner) for inner in value]
    return value

"""Matchers as rows of a form: name, operator, value.

The text is the truth; rows are a view of it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.matchers.errors import MatcherError
from opsportal.lib.matchers.language import COMPARISONS, Matcher
from opsportal.lib.matchers.parse import MAX_MATCHERS, parse_matchers

OPERATORS = ("=", "!=", "=~", "!~", *COMPARISONS)
# What an input of one line would lose or change.
_UNSHOWABLE = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Row:
    """One matcher, as its three fields."""

    name: str
    op: str
    value: str


def text_to_rows(text: str) -> list[Row]:
    """The rows of a text. Raises MatcherError when it is wrong or rows cannot show it."""
    found = [Row(item.name, item.op, item.value) for item in parse_matchers(text).items]
    for row in found:
        if _UNSHOWABLE.search(row.name + row.value):
            raise MatcherError(
                "the guided form cannot show a text of several lines; change it here",
                _column_of_unshowable(text),
            )
    return found


def rows_to_text(rows: Sequence[Row]) -> str:
    """The text that means these rows; the empty text for none. Raises PayloadError by row."""
    if len(rows) > MAX_MATCHERS:
        raise PayloadError(f"At most {MAX_MATCHERS} matchers; use =~ to join values.")
    errors = [
        FieldError(f"rows.{number}", complaint)
        for number, row in enumerate(rows)
        if (complaint := _complaint(row))
    ]
    if errors:
        raise PayloadError(f"Row {_number(errors[0]) + 1}: {errors[0].message}", errors)
    if not rows:
        return ""
    text = "{" + ", ".join(str(Matcher(row.name, row.op, row.value)) for row in rows) + "}"
    parse_matchers(text)  # so that the length of the whole is looked at as well
    return text


def _number(error: FieldError) -> int:
    return int(error.field.partition(".")[2])


def _complaint(row: Row) -> str:
    if not row.name:
        return "choose a label"
    if row.op not in OPERATORS:
        return f"{row.op!r} is none of {' '.join(OPERATORS)}"
    try:
        parse_matchers(str(Matcher(row.name, row.op, row.value)))
    except MatcherError as error:
        return error.message.partition(": ")[2]
    return ""


def _column_of_unshowable(text: str) -> int:
    for found in _QUOTED.finditer(text):
        if _UNSHOWABLE.search(found.group().replace("\\n", "\n")):
            return found.start() + 1
    return 1

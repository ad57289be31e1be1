"""Matchers as a queryset filter that selects exactly the rows the predicate holds for.

Plain equality and lists of words become plain SQL. Other patterns run as RE2 inside SQLite (a
function of our backend); PostgreSQL gets an equal expression of its own where there is one, and
otherwise the list of those values present that RE2 matches, looked up when the filter is built.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.core.exceptions import FieldDoesNotExist
from django.db import connections, models
from django.db.models import F, Model, Q, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.db.models.lookups import (
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    IsNull,
    LessThan,
    LessThanOrEqual,
    Lookup,
)

from opsportal.lib.errors import PayloadError
from opsportal.lib.matchers.columns import LabelText, Matched, Number, PosixMatched
from opsportal.lib.matchers.language import COMPARISONS, Matcher, Matchers
from opsportal.lib.matchers.posix import posix_pattern
from opsportal.lib.matchers.values import (
    LARGEST,
    SMALLEST,
    compile_pattern,
    literal_words,
    text_of,
)

# Of values that are looked up because PostgreSQL has no equal expression.
MAX_LISTED = 50_000
RowT = TypeVar("RowT", bound=Model)

_LOOKUPS: "Mapping[str, type[Lookup[Any]]]" = {
    "<": LessThan,
    "<=": LessThanOrEqual,
    ">": GreaterThan,
    ">=": GreaterThanOrEqual,
}


def filter_queryset(
    queryset: QuerySet[RowT],
    matchers: Matchers,
    fields: Mapping[str, str | Combinable],
    labels: str = "labels",
) -> QuerySet[RowT]:
    """The rows that match. `fields` maps matcher names to columns (or lookups such as
    `team__name`) or to expressions that are never NULL; every other name is a key of the JSON
    column `labels`.
    """
    for matcher in matchers.items:
        lookup = fields.get(matcher.name)
        if lookup is None:
            column: Any = LabelText(labels, matcher.name)
            queryset = queryset.filter(_text_condition(queryset, column, matcher, empty=True))
            continue
        if not isinstance(lookup, str):
            queryset = queryset.filter(_text_condition(queryset, lookup, matcher, empty=False))
            continue
        kind, nullable = _describe(queryset.model, lookup)
        if isinstance(kind, models.FloatField | models.IntegerField):
            if isinstance(kind, models.IntegerField) and matcher.op in ("=", "!="):
                queryset = queryset.filter(_whole_condition(lookup, matcher))
            else:
                queryset = queryset.filter(_number_condition(queryset, lookup, matcher))
        else:
            condition = _text_condition(queryset, F(lookup), matcher, empty=nullable)
            queryset = queryset.filter(condition)
    return queryset


def _describe(model: type[Model], lookup: str) -> tuple[Any, bool]:
    """The field at the end of the lookup, and whether it may be NULL on the way."""
    nullable = False
    field: Any = None
    for part in lookup.split("__"):
        try:
            field = model._meta.get_field(part)
        except FieldDoesNotExist:
            return None, True  # an annotation
        nullable = nullable or field.null
        model = field.related_model or model
    return field, nullable


def _text_condition(queryset: QuerySet[Any], column: Any, matcher: Matcher, *, empty: bool) -> Q:
    """`empty`: the column may be NULL, which stands for the empty string."""
    text = Coalesce(column, Value(""), output_field=models.TextField()) if empty else column
    match matcher.op:
        case "=":
            return Q(Exact(column if matcher.value else text, matcher.value))
        case "!=":
            return ~Q(Exact(text, matcher.value))
        case "=~":
            return _pattern_condition(queryset, column, text, matcher.value)
        case "!~":
            return ~_pattern_condition(queryset, column, text, matcher.value)
    bound = Value(float(matcher.value), output_field=models.FloatField())
    # NULL from what is no number must not survive a NOT around this condition.
    return Q(Coalesce(_LOOKUPS[matcher.op](Number(text), bound), Value(False)))


def _pattern_condition(queryset: QuerySet[Any], column: Any, text: Any, pattern: str) -> Q:
    words = literal_words(pattern)
    if words is not None:
        return Q(In(text, sorted(words)))
    if connections[queryset.db].vendor == "sqlite":
        return Q(Matched(Value(pattern), text))
    translated = posix_pattern(pattern)
    if translated is not None:
        return Q(PosixMatched(text, Value(translated)))
    return _listed(queryset, column, compile_pattern(pattern))


def _listed(queryset: QuerySet[Any], column: Any, test: Callable[[str], bool]) -> Q:
    """The values present now that pass the test: exact whatever the test is."""
    present = list(queryset.order_by().values_list(column, flat=True).distinct()[: MAX_LISTED + 1])
    if len(present) > MAX_LISTED:
        raise PayloadError(
            "Matchers: the pattern would have to be compared with too many different values; "
            "write a simpler pattern, or narrow the search by other conditions."
        )
    found = [value for value in present if test(text_of(value))]
    listed = [value for value in found if value is not None]
    # Said of NULL as well, so that the condition is never unknown and may be negated.
    condition = Q(IsNull(column, False)) & (Q(In(column, listed)) if listed else Q(pk__in=[]))
    return condition if None not in found else condition | Q(IsNull(column, True))


def _whole_condition(lookup: str, matcher: Matcher) -> Q:
    """A column of whole numbers is, or is not, the one of this text; NULL is the empty text."""
    text = matcher.value
    digits = text.removeprefix("-")
    number = int(text) if digits.isascii() and digits.isdecimal() and len(text) < 20 else None
    if not text:
        same = Q(**{f"{lookup}__isnull": True})
    else:
        same = Q(**{lookup: number}) if str(number) == text else Q(pk__in=[])
    return same if matcher.op == "=" else ~same


def _number_condition(queryset: QuerySet[Any], lookup: str, matcher: Matcher) -> Q:
    """A column of numbers: compared as such, or by the text Python gives them."""
    if matcher.op not in COMPARISONS:
        test = Matchers((Matcher("it", matcher.op, matcher.value),)).matches
        return _listed(queryset, F(lookup), lambda text: test({"it": text}))
    column = F(lookup)
    sane = Q(GreaterThan(column, -LARGEST)) & Q(LessThan(column, LARGEST))
    sane &= (
        Q(Exact(column, 0.0))
        | Q(GreaterThanOrEqual(column, SMALLEST))
        | Q(LessThanOrEqual(column, -SMALLEST))
    )
    return Q(_LOOKUPS[matcher.op](column, float(matcher.value))) & sane

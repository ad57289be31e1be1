"""Documents that fit Alerta's query parameters: filters, `q=`, dates and order."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import reduce
from operator import and_, or_
from types import MappingProxyType
from typing import Any

import re2
from django.db.models import Case, F, IntegerField, Q, QuerySet, TextField, Value, When
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact, IContains

from alerts.alerta.find import has_word, numbered
from alerts.alerta.follow import STANDING
from alerts.formats.alerta.alarm import SEVERITIES, STATUSES
from alerts.formats.alerta.body import parse_time
from alerts.formats.alerta.lucene import Both, Either, Negated, Node, Term, parse_query
from alerts.models import AlertaAlert
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.matchers import Matcher, Matchers, filter_queryset
from opsportal.lib.matchers.columns import LabelText
from opsportal.lib.matchers.values import compile_pattern

Params = Mapping[str, Sequence[str]]
Documents = QuerySet[AlertaAlert]

# Alerta's name -> column of texts.
_TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "resource": "resource", "event": "event", "environment": "environment",
        "severity": "severity", "status": "standing", "group": "group", "value": "value",
        "text": "text", "origin": "origin", "type": "type", "rawData": "raw_data",
        "customer": "customer", "previousSeverity": "previous_severity",
        "trendIndication": "trend",
    }
)  # fmt: skip
_WORDS: Mapping[str, str] = MappingProxyType(
    {"service": "service", "tag": "tags", "tags": "tags", "correlate": "correlate"}
)
_NUMBERS: Mapping[str, str] = MappingProxyType(
    {"timeout": "timeout", "duplicateCount": "duplicate_count"}
)
_TIMES: Mapping[str, str] = MappingProxyType(
    {
        "createTime": "created_at", "receiveTime": "received_at",
        "lastReceiveTime": "last_received_at", "updateTime": "updated_at",
    }
)  # fmt: skip
# The query language knows them by the names of Alerta's columns, too.
_SNAKES: Mapping[str, str] = MappingProxyType(
    {
        "raw_data": "rawData", "previous_severity": "previousSeverity", "event_type": "type",
        "trend_indication": "trendIndication", "duplicate_count": "duplicateCount",
        "create_time": "createTime", "receive_time": "receiveTime",
        "last_receive_time": "lastReceiveTime", "update_time": "updateTime",
    }
)  # fmt: skip
# No filters.
_OTHERS = frozenset(
    {
        "_", "callback", "token", "api-key", "q", "q.df", "id", "from-date", "to-date", "sort-by",
        "group-by", "page", "page-size", "limit", "show-raw-data", "show-history",
    }
)  # fmt: skip
_TRUE = frozenset({"true", "t", "1", "yes", "y", "on"})
# SQLite takes conditions a thousand deep, and an id is two.
LONGEST_VALUE, MOST_VALUES, MOST_ORDERS = 500, 300, 10
_LOOKUPS: Mapping[str, str] = MappingProxyType({">": "gt", ">=": "gte", "<": "lt", "<=": "lte"})
_LARGEST = 2_147_483_647


def search_documents(params: Params) -> Documents:
    """Those that fit, in the order asked for, or the latest first. Raises PayloadError.

    Each has its status as `standing`.
    """
    _check(params)
    rows = AlertaAlert.objects.annotate(standing=STANDING)
    if query := _last(params, "q"):
        rows = rows.filter(_condition(parse_query(query), _last(params, "q.df")))
    for name, lookup in (("from-date", "gt"), ("to-date", "lte")):
        if text := _last(params, name):
            rows = rows.filter(**{f"last_received_at__{lookup}": parse_time(text, name)})
    if ids := params.get("id"):
        rows = rows.filter(reduce(or_, map(_of_number, ids)))
    for name, values in params.items():
        if name.split(".")[0].removesuffix("!") not in _OTHERS and name not in _OTHERS:
            rows = rows.filter(_filter(name, values))
    return rows.order_by(*_order(params.get("sort-by", ())))


def _check(params: Params) -> None:
    if sum(map(len, params.values())) > MOST_VALUES:
        raise _refused("filter", f"at most {MOST_VALUES} parameters; ask in parts")
    for name, values in params.items():
        longest = 10_000 if name == "q" else LONGEST_VALUE
        if any(len(value) > longest for value in values):
            raise _refused(name, f"{name[:60]} asks for too much")
        if "\0" in name or any("\0" in value for value in values):
            raise _refused(name, "NUL is in no text here")


def _last(params: Params, name: str) -> str:
    values = params.get(name) or ("",)
    return values[-1]


def _of_number(text: str) -> Q:
    columns = ("id", "last_receive_id")
    asked = [found for column in columns if (found := numbered(column, text)) is not None]
    return reduce(or_, asked, Q(pk__in=[]))


def _filter(name: str, values: Sequence[str]) -> Q:
    """`name=x`, `name=~part`, `name!=x`, `name!=~part`; several values are alternatives."""
    negated = name.endswith("!")
    field = name.removesuffix("!")
    if field in _WORDS:
        found = reduce(or_, [has_word(_WORDS[field], value) for value in values])
    elif field.startswith("attributes."):
        column = _attribute(field.removeprefix("attributes."))
        found = _of_text(column, values)
    elif field in _TEXTS:
        found = _of_text(F(_TEXTS[field]), values)
    elif field in _NUMBERS:
        found = Q(**{f"{_NUMBERS[field]}__in": [_number(field, value) for value in values]})
    elif field in _TIMES:
        found = Q(**{f"{_TIMES[field]}__in": [parse_time(value, field) for value in values]})
    elif field == "repeat":
        found = Q(repeat=values[-1].lower() in _TRUE)
    else:
        raise _refused(field, f"Invalid filter parameter: {name[:60]}")
    return ~found if negated else found


def _of_text(column: Any, values: Sequence[str]) -> Q:
    text = Coalesce(column, Value(""), output_field=TextField())
    conditions = [
        Q(IContains(text, value[1:])) if value.startswith("~") else Q(Exact(text, value))
        for value in values
    ]
    return reduce(or_, conditions)


def _attribute(name: str) -> LabelText:
    return LabelText("attributes", name)


def _condition(node: Node, default: str) -> Q:
    """The tree of a query, for the database."""
    if isinstance(node, Negated):
        return ~_condition(node.part, default)
    if isinstance(node, Both):
        return reduce(and_, [_condition(part, default) for part in node.parts], Q())
    if isinstance(node, Either):
        return reduce(or_, [_condition(part, default) for part in node.parts])
    return _term(node, default or "text")


def _term(term: Term, default: str) -> Q:
    if term.kind == "exists":
        return Q(attributes__has_key=term.field)
    field = term.field or default
    field = _SNAKES.get(field, field)
    head, dot, attribute = field.partition(".")
    if dot and head in ("attributes", "_"):
        return _text_term(term, _attribute(attribute), attribute, {})
    if field in _WORDS:
        if term.kind not in ("word", "phrase"):
            raise _refused("q", f"{field} is looked up by whole words")
        return has_word(_WORDS[field], term.value)
    if field in _TEXTS:
        return _text_term(term, F(_TEXTS[field]), field, _TEXTS)
    convert: Callable[[str, str], Any]
    if field in _NUMBERS:
        column, convert = _NUMBERS[field], _number
    elif field in _TIMES:
        column, convert = _TIMES[field], _moment
    else:
        raise _refused("q", f"there is no field {field[:60]!r}")
    lookup = _LOOKUPS.get(term.kind, "exact")
    return Q(**{f"{column}__{lookup}": convert(field, term.value)})


def _text_term(term: Term, column: Any, name: str, fields: Mapping[str, str]) -> Q:
    text = Coalesce(column, Value(""), output_field=TextField())
    if term.kind == "word":
        return Q(IContains(text, term.value))
    if term.kind in _LOOKUPS:
        rows = AlertaAlert.objects.annotate(standing=STANDING, found=text)
        asked = {f"found__{_LOOKUPS[term.kind]}": term.value}
        return Q(pk__in=rows.filter(**asked).values("pk"))
    pattern = term.value
    if term.kind == "phrase":
        pattern = rf"\b{re2.escape(pattern)}\b"
    elif term.kind == "wildcard":
        pattern = "".join(_wild(character) for character in pattern)
        pattern = rf"\b{pattern}\b"
    return _matching(f"(?is).*(?:{pattern}).*", name, fields)


def _wild(character: str) -> str:
    """`?` is one character or none, as in Alerta."""
    return {"*": ".*", "?": ".?"}.get(character) or str(re2.escape(character))


def _matching(pattern: str, name: str, fields: Mapping[str, str]) -> Q:
    """Rows whose text matches; RE2 looks at each once, so that no pattern can hang anybody."""
    try:
        compile_pattern(pattern)
    except re2.error as error:
        raise _refused("q", f"{pattern[:60]!r} is not an RE2 pattern") from error
    rows = AlertaAlert.objects.annotate(standing=STANDING)
    matchers = Matchers((Matcher(name, "=~", pattern),))
    found = filter_queryset(rows, matchers, fields, labels="attributes")
    return Q(pk__in=found.values("pk"))


def _order(asked: Sequence[str]) -> list[Any]:
    """The columns to order by; `-` turns it round, and times come latest first without it."""
    if len(asked) > MOST_ORDERS:
        raise _refused("sort-by", f"at most {MOST_ORDERS} fields")
    named = [(name.removeprefix("-"), name.startswith("-")) for name in asked if name]
    orders = [_one_order(name, back=back) for name, back in named]
    return [*(orders or ["-last_received_at"]), "id"]


def _one_order(name: str, *, back: bool) -> Any:
    column: Any
    if name in _TIMES:
        column, back = F(_TIMES[name]), not back
    elif name == "severity":
        column = _ranked("severity", SEVERITIES)
    elif name == "status":
        column = _ranked("standing", {status: ord(letter) for status, letter in STATUSES.items()})
    elif name.startswith("attributes."):
        column = _attribute(name.removeprefix("attributes."))
    elif found := {**_TEXTS, **_NUMBERS, **_WORDS, "repeat": "repeat"}.get(name):
        column = F(found)
    else:
        raise _refused("sort-by", f"Sorting by '{name[:60]}' field not supported.")
    return column.desc() if back else column.asc()


def _ranked(column: str, ranks: Mapping[str, int]) -> Any:
    whens = [When(**{column: name}, then=Value(rank)) for name, rank in ranks.items()]
    return Case(*whens, default=Value(99), output_field=IntegerField())


def _number(field: str, text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise _refused(field, f"{field} is a number") from None
    return max(-1, min(number, _LARGEST))


def _moment(field: str, text: str) -> datetime:
    """A day, or a moment."""
    full = text if "T" in text else f"{text}T00:00:00.000Z"
    return parse_time(full, field)


def _refused(field: str, message: str) -> PayloadError:
    return PayloadError(message, [FieldError(field, message)])

"""Mappings read: every expression and table of one, checked, ready to be asked about payloads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alerts.models import Mapping as MappingRow
from alerts.normalise import FIRING, RESOLVED, SEVERITIES
from opsportal.lib.errors import FieldError, PayloadError
from opsportal.lib.expressions import Expression, ExpressionError, parse_expression

# What an expression may fill; the name is needed.
FIELDS = (
    "name", "dedup_key", "status", "severity", "summary", "description", "service", "resource",
    "environment", "region", "value", "starts_at", "timeout", "link",
)  # fmt: skip
IGNORE = "ignore"
MEANINGS = (FIRING, RESOLVED, IGNORE)
# In a table: every value that it does not name.
OTHERS = "*"
MOST_LABELS, MOST_VALUES = 50, 100
LONGEST_NAME = 200

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CompiledMapping:
    """A mapping that can be asked. Keys of the tables are in lower case."""

    # 0: not stored yet.
    id: int
    name: str
    condition: Expression | None
    alerts: Expression | None
    fields: Mapping[str, Expression]
    labels: Mapping[str, Expression]
    statuses: Mapping[str, str]
    severities: Mapping[str, str]


def mapping_values(row: MappingRow) -> dict[str, Any]:
    """A stored mapping, or a draft, as plain values."""
    return {
        "id": row.pk or 0,
        "name": row.name,
        "condition": row.condition,
        "alerts": row.alerts,
        "fields": row.fields,
        "labels": row.labels,
        "statuses": row.statuses,
        "severities": row.severities,
    }


def compile_mapping(values: Values) -> CompiledMapping:
    """Read a mapping. Raises PayloadError with every complaint there is."""
    mapping, errors = draft_mapping(values)
    if errors:
        text = "; ".join(f"{error.field}: {error.message}" for error in errors[:10])
        raise PayloadError(f"The mapping is not right: {text}", errors)
    return mapping


def draft_mapping(values: Values) -> tuple[CompiledMapping, list[FieldError]]:
    """What can be read of it, and what is wrong with the rest."""
    errors: list[FieldError] = []
    fields = _texts(values, "fields", len(FIELDS), errors)
    errors += [
        FieldError(f"fields.{name}", f"unknown; known are {', '.join(FIELDS)}")
        for name in fields
        if name not in FIELDS
    ]
    if not fields.get("name"):
        errors.append(FieldError("fields.name", "say where the name of an alert is"))
    labels = _texts(values, "labels", MOST_LABELS, errors)
    found = CompiledMapping(
        id=values["id"],
        name=values["name"],
        condition=_expression("condition", values["condition"], errors),
        alerts=_expression("alerts", values["alerts"], errors),
        fields=_expressions("fields", {n: fields[n] for n in FIELDS if fields.get(n)}, errors),
        labels=_expressions("labels", labels, errors),
        statuses=_table("statuses", values, MEANINGS, errors),
        severities=_table("severities", values, SEVERITIES, errors),
    )
    return found, errors


def _texts(values: Values, name: str, most: int, errors: list[FieldError]) -> dict[str, str]:
    """A table whose keys and values are texts; an empty one where it is none."""
    table = values[name]
    if not isinstance(table, dict) or not all(
        _is_text(key, LONGEST_NAME) and isinstance(value, str) for key, value in table.items()
    ):
        errors.append(FieldError(name, f"names of up to {LONGEST_NAME} characters, and texts"))
        return {}
    if len(table) > most:
        errors.append(FieldError(name, f"at most {most} of them"))
        return {}
    return table


def _is_text(value: object, most: int) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= most and "\0" not in value


def _expressions(
    name: str, table: Mapping[str, str], errors: list[FieldError]
) -> dict[str, Expression]:
    found = {}
    for key, text in table.items():
        expression = _expression(f"{name}.{key}", text or " ", errors)
        if expression is not None:
            found[key] = expression
    return found


def _expression(field: str, text: str, errors: list[FieldError]) -> Expression | None:
    if not text:
        return None
    try:
        return parse_expression(text)
    except ExpressionError as error:
        errors.append(FieldError(field, error.message))
        return None


def _table(
    name: str, values: Values, known: tuple[str, ...], errors: list[FieldError]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for value, meaning in _texts(values, name, MOST_VALUES, errors).items():
        folded = value.strip().lower()
        if meaning not in known:
            message = f"{meaning!r} is none of {', '.join(known)}"
            errors.append(FieldError(f"{name}.{value}", message))
        elif folded in found:
            errors.append(FieldError(f"{name}.{value}", "is there twice; letters' case is nothing"))
        found[folded] = meaning
    return found

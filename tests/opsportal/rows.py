"""Rows of any model, for pages that must be tried with many."""

from datetime import timedelta
from itertools import count
from typing import Any

from django.db import models

from opsportal.lib.times import utc_now

_numbers = count(1)
# What the columns alone do not say.
SPECIAL: dict[str, dict[str, Any]] = {
    "django_q.failure": {"success": False},
    "accounts.apikey": {"scopes": ["alerts:read"]},
    "alerts.notification": {"about": "critical"},
    "alerts.silence": {"ends_at": utc_now()},
    "alerts.subscription": {"team": None},
    "chronos.freeze": {"ends_at": utc_now()},
    "safety.stop": {"ended_at": utc_now()},
    "security.riskacceptance": {"check_id": "SG-01"},
}


def make_rows(model: type[models.Model], number: int) -> list[Any]:
    """That many rows, each with parents of its own, so that no look-up is shared."""
    return [_make_row(model) for _ in range(number)]


def _make_row(model: type[models.Model]) -> Any:
    special = SPECIAL.get(model._meta.label_lower, {})
    values = {
        field.name: _value(field)
        for field in model._meta.concrete_fields
        if field.name not in special and _is_needed(field)
    }
    return model._default_manager.create(**values, **special)


def _is_needed(field: Any) -> bool:
    if isinstance(field, models.AutoField | models.BigAutoField):
        return False
    if field.is_relation:
        # Optional ones too: a list that shows them must not look each of them up.
        return field.remote_field.model is not field.model
    if getattr(field, "auto_now_add", False):
        return False
    return field.unique or not (field.has_default() or field.null or field.blank)


def _value(field: Any) -> Any:
    number = next(_numbers)
    if field.is_relation:
        return _make_row(field.remote_field.model)
    if field.choices and not field.unique:
        return next(iter(field.flatchoices))[0]
    if isinstance(field, models.CharField | models.TextField):
        most = field.max_length or 50
        text = f"{field.name}-{number}"
        return text if len(text) <= most else str(number)[-most:]
    if isinstance(field, models.DateTimeField):
        return utc_now()
    if isinstance(field, models.DurationField):
        return timedelta(seconds=1)
    if isinstance(field, models.BooleanField):
        return True
    if isinstance(field, models.BinaryField):
        return b"bytes"
    if isinstance(field, models.SmallIntegerField | models.PositiveSmallIntegerField):
        return number % 10
    if isinstance(field, models.GenericIPAddressField):
        return "192.0.2.1"
    return number

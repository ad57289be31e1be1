"""What `manage.py check` says about plug-ins and schedules: a bad path must not wait."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from opsportal.lib.registry import plugins
from opsportal.runtime.schedules import MINUTE

PLUGIN_SETTINGS = (
    "ALERT_CHANNELS",
    "ALERT_FORMATS",
    "CHANGE_FORMATS",
    "REFERENCES",
    "OUTBOXES",
    "CONFIG_SECTIONS",
    "DEMOS",
    "OVERLAYS",
    "METRICS",
)


@register
def check_plugins(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Every dotted path in a plug-in setting imports and has a slug of its own."""
    errors: list[CheckMessage] = []
    for setting in PLUGIN_SETTINGS:
        try:
            plugins(setting)
        except ImproperlyConfigured as error:
            errors.append(Error(str(error), id="opsportal.E001"))
    return errors


@register
def check_sweeps(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Every function that is swept, or asked for causes, imports."""
    errors: list[CheckMessage] = []
    for setting in ("SWEEPS", "BLAMES", "CLOUD_ACCOUNTS", "CLOUD_READERS"):
        for path in getattr(settings, setting):
            try:
                import_string(path)
            except ImportError as error:
                message = f"{setting}: cannot import {path!r}: {error}"
                errors.append(Error(message, id="opsportal.E004"))
    return errors


@register
def check_schedules(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Every scheduled function imports, and comes round in whole minutes."""
    errors: list[CheckMessage] = []
    for name, (path, every) in settings.SCHEDULES.items():
        try:
            import_string(path)
        except ImportError as error:
            text = f"SCHEDULES[{name!r}]: cannot import {path!r}: {error}"
            errors.append(Error(text, id="opsportal.E002"))
        if every < MINUTE or every % MINUTE:
            text = f"SCHEDULES[{name!r}]: {every} is not a whole number of minutes"
            errors.append(Error(text, id="opsportal.E003"))
    return errors

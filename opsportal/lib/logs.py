"""Structured logs: one line an event, with the request's id, never payloads or secrets."""

from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog


def _name_request(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """A request by method and path only: keys stand in queries."""
    if (request := event.pop("request", None)) is not None:
        event["request"] = (
            f"{getattr(request, 'method', '')} {getattr(request, 'path', '')}".strip()
        )
    return event


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    _name_request,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def logging_settings(level: str, style: str) -> dict[str, Any]:
    """The `dictConfig` of the portal; `style` is "json" (one object a line) or "text"."""
    renderer: Any = (
        structlog.dev.ConsoleRenderer() if style == "text" else structlog.processors.JSONRenderer()
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _SHARED,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    renderer,
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level.upper()},
        "loggers": {
            # Django's own handlers would say everything twice.
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.request": {"level": "ERROR"},
            "axes": {"level": "WARNING"},
            "django-q": {"level": "WARNING", "propagate": True},
        },
    }

"""How much, how often, how long: given by the request, bounded by the settings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from django.conf import settings

from opsportal.lib.errors import FieldError
from opsportal.lib.times import format_duration

WINDOW = timedelta(hours=1)
_SPAN = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
_UNITS: Mapping[str, timedelta] = MappingProxyType(
    {
        "s": timedelta(seconds=1),
        "m": timedelta(minutes=1),
        "h": timedelta(hours=1),
        "d": timedelta(days=1),
    }
)


@dataclass(frozen=True, slots=True)
class Span:
    """A parameter that is a length of time, such as `30m`."""

    default: timedelta
    most: timedelta
    least: timedelta = timedelta(seconds=1)

    def read(self, value: object) -> timedelta:
        """The time. Raises ValueError that says what is allowed."""
        found = _SPAN.fullmatch(value) if isinstance(value, str) else None
        span = _UNITS[found[2]] * int(found[1]) if found else None
        if span is None or not self.least <= span <= self.most:
            raise ValueError(
                f"a time such as 30m, from {format_duration(self.least)} "
                f"to {format_duration(self.most)}"
            )
        return span


@dataclass(frozen=True, slots=True)
class Number:
    """A parameter that is a whole number."""

    default: int
    most: int
    least: int = 1

    def read(self, value: object) -> int:
        """The number. Raises ValueError that says what is allowed."""
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(f"a whole number from {self.least} to {self.most}")
        if not self.least <= value <= self.most:
            raise ValueError(f"from {self.least} to {self.most}")
        return value


@dataclass(frozen=True, slots=True)
class Limits:
    """What holds for one operation."""

    cooldown: timedelta
    max_per_rule: int
    max_fleet: int
    max_percent: int
    clear_within: timedelta
    approve_within: timedelta


def known_limits() -> dict[str, Span | Number]:
    """The parameters that every plug-in takes, within what the operator's settings allow."""
    most = settings.REMEDIATE_LIMITS
    least_cooldown = timedelta(minutes=most["cooldown_minutes"])
    return {
        "cooldown": Span(max(timedelta(minutes=30), least_cooldown), timedelta(7), least_cooldown),
        "max_per_rule": Number(min(3, most["per_rule"]), most["per_rule"]),
        "max_fleet": Number(min(5, most["fleet"]), most["fleet"]),
        "max_percent": Number(min(10, most["percent"]), most["percent"]),
        "clear_within": Span(timedelta(minutes=10), timedelta(days=1), timedelta(seconds=10)),
        "approve_within": Span(timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)),
    }


def clean_limits(
    parameters: Mapping[str, Any], more: Mapping[str, Span | Number] = MappingProxyType({})
) -> list[FieldError]:
    """What is wrong with the limits among the parameters; `more` are a plug-in's own."""
    errors = []
    for name, kind in {**known_limits(), **more}.items():
        if name in parameters:
            try:
                kind.read(parameters[name])
            except ValueError as error:
                errors.append(FieldError(name, str(error)))
    return errors


def limits_of(parameters: Mapping[str, Any]) -> Limits:
    """The limits that hold now. Raises ValueError when they are beyond what is allowed now."""
    found: dict[str, Any] = {
        name: kind.read(parameters[name]) if name in parameters else kind.default
        for name, kind in known_limits().items()
    }
    return Limits(**found)

"""A remediation's parameters, checked when its rule is saved."""

from collections.abc import Callable, Mapping
from typing import Any

from opsportal.lib.errors import FieldError, PayloadError
from opsportal.safety.limits import Number, Span, clean_limits, known_limits

# A parameter's own check: the complaint, or nothing.
Complaint = Callable[[object], str]


def clean_parameters(
    parameters: Mapping[str, Any],
    texts: Mapping[str, Complaint],
    numbers: Mapping[str, Span | Number],
) -> dict[str, Any]:
    """The parameters as they are. Raises PayloadError, one error per field."""
    known = {*known_limits(), *texts, *numbers}
    errors = [
        FieldError(str(name), f"unknown; known are {', '.join(sorted(known))}")
        for name in parameters
        if name not in known
    ]
    errors += clean_limits(parameters, numbers)
    for name, complaint_of in texts.items():
        if name in parameters and (complaint := complaint_of(parameters[name])):
            errors.append(FieldError(name, complaint))
    if errors:
        text = "; ".join(f"{error.field}: {error.message}" for error in errors)
        raise PayloadError(f"The remediation's parameters are not right: {text}", errors)
    return dict(parameters)

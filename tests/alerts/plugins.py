"""A remediation for tests of rules: it takes any parameters but `wrong`."""

from typing import Any

from opsportal.lib.errors import FieldError, PayloadError


class Restart:
    """Restart it."""

    slug = "restart"
    label = "Restart"

    @classmethod
    def clean(cls, parameters: dict[str, Any]) -> dict[str, Any]:
        if "wrong" in parameters:
            raise PayloadError("wrong: not here", [FieldError("wrong", "not here")])
        return parameters

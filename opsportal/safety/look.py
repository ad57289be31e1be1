"""Looking at targets: an error while looking is a look that failed, never a pass."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from opsportal.lib.errors import OpsError
from opsportal.safety.plugins import Call, Check, Executor, RefusedError, Seen, Target

log = logging.getLogger(__name__)
T = TypeVar("T")


def look_at(
    executor: type[Executor], targets: Sequence[Target], parameters: Mapping[str, Any]
) -> list[Check]:
    """The executor's checks of all targets, as they are now; at least one for each."""
    checks: list[Check] = []
    for target in targets:

        def ask(target: Target = target) -> list[Check]:
            return executor.check(target, parameters)

        found = guarded(ask, f"{target.name} could not be checked")
        if isinstance(found, str):
            checks.append(Check("every check could be made", passed=False, detail=found))
        elif not found:
            text = f"{executor.slug} checks nothing of {target.name}"
            checks.append(Check("every check could be made", passed=False, detail=text))
        else:
            checks += found
    return checks


def see(executor: type[Executor], call: Call, target: Target) -> Seen:
    """What the target shows after a call; an error shows nothing."""
    found = guarded(lambda: executor.verify(call, target), f"{target.name} could not be looked at")
    return Seen("unknown", found) if isinstance(found, str) else found


def guarded(ask: Callable[[], T], failure: str) -> T | str:
    """The answer, or as text why there is none."""
    try:
        return ask()
    except RefusedError as error:
        return error.message
    except Exception as error:
        log.exception("a look before acting failed")
        text = error.message if isinstance(error, OpsError) else f"{type(error).__name__}: {error}"
        return f"{failure}: {text}"


def first_failure(checks: Sequence[Check]) -> str:
    """What the first check that does not hold says; empty when all hold."""
    failed = next((check for check in checks if not check.passed), None)
    if failed is None:
        return ""
    return f"{failed.name}: {failed.detail}" if failed.detail else failed.name

"""Transactions that are in each other's way: the database ends one, and that one starts over."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, OperationalError, connection

_ATTEMPTS = 5
_DEADLOCK, _SERIALIZATION = "40P01", "40001"
Result = TypeVar("Result")


class OvertakenError(IntegrityError):
    """Another transaction stored the same first: done again, the work finds it."""


def start_over(work: Callable[[], Result]) -> Result:
    """Do the work, which is one transaction, and again when a deadlock or another's undid it.

    Within somebody else's transaction nothing can be repeated: then the error is theirs.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return work()
        except (OperationalError, OvertakenError) as error:
            code = getattr(error.__cause__, "sqlstate", None)
            again = isinstance(error, OvertakenError) or code in (_DEADLOCK, _SERIALIZATION)
            if not again or attempt == _ATTEMPTS:
                raise
            if connection.in_atomic_block:
                raise
            time.sleep(random.uniform(0, 0.05 * attempt))  # noqa: S311  (no secret)
    raise AssertionError("unreachable")

"""Transactions that lock each other crosswise: the database ends one, and that one starts over."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, connection

_ATTEMPTS = 5
_DEADLOCK, _SERIALIZATION = "40P01", "40001"
Result = TypeVar("Result")


def start_over(work: Callable[[], Result]) -> Result:
    """Do the work, which is one transaction, and again when a deadlock undid it.

    Within somebody else's transaction nothing can be repeated: then the error is theirs.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return work()
        except OperationalError as error:
            code = getattr(error.__cause__, "sqlstate", None)
            if code not in (_DEADLOCK, _SERIALIZATION) or attempt == _ATTEMPTS:
                raise
            if connection.in_atomic_block:
                raise
            time.sleep(random.uniform(0, 0.05 * attempt))  # noqa: S311  (no secret)
    raise AssertionError("unreachable")

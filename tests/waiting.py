"""Waiting for something that other threads or processes do."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(
    predicate: Callable[[], T], seconds: float = 10, *, every: float = 0.03, what: str = ""
) -> T:
    """The first true answer of `predicate`; AssertionError when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        answer = predicate()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what or predicate!r}; last {answer!r}")
        time.sleep(every)

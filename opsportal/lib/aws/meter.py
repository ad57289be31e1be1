"""How often AWS was asked meanwhile, and how often that was too often."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from opsportal.lib.aws.errors import Outcome, trouble_of

Item = TypeVar("Item")
Result = TypeVar("Result")
THREADS = 8


@dataclass
class Counter:
    """HTTP calls, retries included, and the answers that said "slower"."""

    calls: int = 0
    throttles: int = 0


_counting = Lock()
_current: ContextVar[Counter | None] = ContextVar("meter", default=None)


@contextmanager
def metered() -> Iterator[Counter]:
    """Count what is asked within."""
    counter = Counter()
    token = _current.set(counter)
    try:
        yield counter
    finally:
        _current.reset(token)


def count_answer(
    parsed_response: dict[str, Any] | None = None, exception: Exception | None = None, **_: Any
) -> None:
    """A handler for botocore's `response-received`, which comes once for each attempt."""
    counter = _current.get()
    if counter is None:
        return
    throttled = False
    if parsed_response and "Error" in parsed_response:
        error = ClientError(parsed_response, "")
        throttled = trouble_of(error).outcome == Outcome.THROTTLED
    with _counting:
        counter.calls += 1
        counter.throttles += throttled


def side_by_side(
    work: Callable[[Item], Result], items: Iterable[Item], threads: int = THREADS
) -> list[Result]:
    """The results in order, a few at a time, metered as here. Raises what the first one raises."""
    todo = list(items)
    if len(todo) < 2:
        return [work(item) for item in todo]
    with ThreadPoolExecutor(min(threads, len(todo))) as pool:
        futures = [pool.submit(copy_context().run, work, item) for item in todo]
        return [future.result() for future in futures]

"""The same for callers without an event loop, such as workers."""

import asyncio
import queue
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Sequence
from contextlib import aclosing, suppress
from functools import partial
from typing import Any, Generic, TypeVar

from certs.tls.reading import Reading, Target
from certs.tls.stream import find_open, read_chains

# Results that wait for the caller; beyond that no new target is begun.
_WAITING = 1000
# Seconds between looks whether the caller has caught up.
_PAUSE = 0.01

T = TypeVar("T")


def read_all(targets: Iterable[Target], **options: Any) -> Generator[Reading]:
    """`read_chains` in a thread of its own, with its options: what the caller does between two
    readings, such as storing them, does not eat into the others' deadlines."""
    return _threaded(partial(read_chains, targets, **options))


def find_all_open(
    addresses: Sequence[str], ports: Sequence[int], **options: Any
) -> Generator[Target]:
    """`find_open` in a thread of its own, with its options."""
    return _threaded(partial(find_open, addresses, ports, **options))


class _Thread(Generic[T]):
    """An event loop that walks an asynchronous generator for whoever waits in another thread."""

    def __init__(self, start: Callable[[], AsyncGenerator[T]]) -> None:
        self._start = start
        # Results; then what ended it, None if nothing did.
        self.results: queue.SimpleQueue[tuple[T] | BaseException | None] = queue.SimpleQueue()
        self._runner = asyncio.Runner()
        self._loop = self._runner.get_loop()
        self._task = self._loop.create_task(self._pump())
        self._thread = threading.Thread(target=self._run, name="certs-tls", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Returns once it is over."""
        # The loop may have ended just now.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()

    async def _pump(self) -> None:
        async with aclosing(self._start()) as stream:
            async for each in stream:
                self.results.put((each,))
                while self.results.qsize() > _WAITING:
                    await asyncio.sleep(_PAUSE)

    def _run(self) -> None:
        try:
            with self._runner:
                self._loop.run_until_complete(self._task)
        except BaseException as error:  # noqa: BLE001  (raised where it is waited for)
            self.results.put(error)
        else:
            self.results.put(None)


def _threaded(start: Callable[[], AsyncGenerator[T]]) -> Generator[T]:
    """What the generator yields; its errors are raised here. Stopping early stops it."""
    thread = _Thread(start)
    try:
        while (result := thread.results.get()) is not None:
            if isinstance(result, BaseException):
                raise result
            yield result[0]
    finally:
        thread.stop()

"""Group commit: concurrent small writes share one transaction, and so one flush to disk.

Each submitter waits until the batch that holds its item is committed. One writer thread a process,
with a database connection of its own; while it commits, the next batch gathers.
"""

import os
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError, connections

IDLE_SECONDS = 1.0

Item = TypeVar("Item")
Result = TypeVar("Result")


class GroupCommit(Generic[Item, Result]):
    """Hands items to `write`, which takes many and answers each; `weigh` limits a batch's size."""

    def __init__(
        self,
        write: Callable[[Sequence[Item]], Sequence[Result]],
        *,
        weigh: Callable[[Item], int],
        most: int,
    ) -> None:
        self.write, self.weigh, self.most = write, weigh, most
        self._waiting: queue.SimpleQueue[tuple[Item, Future[Result]] | None] = queue.SimpleQueue()
        self._writer: threading.Thread
        self._start = threading.Lock()
        self._writer_of = 0  # the process whose writer runs; another after a fork

    def submit(self, item: Item, *, timeout: float = 30.0) -> Result:
        """The item's result, once it is committed.

        Raises what `write` raises for this item, TimeoutError while the outcome is not known.
        """
        if not self._has_writer():
            self._start_writer()
        future: Future[Result] = Future()
        self._waiting.put((item, future))
        return future.result(timeout)

    def _has_writer(self) -> bool:
        """Not after a fork, nor after an error that no batch could be blamed for."""
        return self._writer_of == os.getpid() and self._writer.is_alive()

    def _start_writer(self) -> None:
        with self._start:
            if not self._has_writer():
                self._writer = threading.Thread(target=self._run, name="group-commit", daemon=True)
                self._writer.start()
                self._writer_of = os.getpid()

    def close(self) -> None:
        """Commit what waits, then end the writer and its connection; a later item starts anew."""
        with self._start:
            if self._has_writer():
                self._waiting.put(None)
                self._writer.join()
                self._writer_of = 0

    def _run(self) -> None:
        last = time.monotonic()
        while first := self._waiting.get():
            if time.monotonic() - last > IDLE_SECONDS:
                # The database may have been restarted meanwhile: ask before the next use.
                for connection in connections.all(initialized_only=True):
                    connection.close_if_unusable_or_obsolete()
            self._commit(self._gather(first))
            last = time.monotonic()
        connections.close_all()

    def _gather(self, first: tuple[Item, Future[Result]]) -> list[tuple[Item, Future[Result]]]:
        """The first item and what waits with it, up to the weight."""
        batch, weight = [first], self.weigh(first[0])
        while weight < self.most:
            try:
                following = self._waiting.get_nowait()
            except queue.Empty:
                break
            if following is None:  # the end, after this batch
                self._waiting.put(None)
                break
            batch.append(following)
            weight += self.weigh(following[0])
        return batch

    def _commit(self, batch: list[tuple[Item, Future[Result]]]) -> None:
        try:
            answers = self.write([item for item, _ in batch])
            results = list(zip(batch, answers, strict=True))
        except (OperationalError, InterfaceError) as error:
            connections.close_all()  # the next batch gets a fresh connection
            for _, future in batch:
                future.set_exception(error)
        except Exception as error:  # noqa: BLE001  (handed to the submitter; the writer must live on)
            if isinstance(error, DatabaseError):
                connections.close_all()
            if len(batch) == 1:
                batch[0][1].set_exception(error)
            else:  # one of them is poison: alone it fails alone
                for one in batch:
                    self._commit([one])
        else:
            for (_, future), result in results:
                future.set_result(result)

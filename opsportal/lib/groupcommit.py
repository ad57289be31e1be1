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
        self._waiting: queue.SimpleQueue[tuple[Item, Future[Result]]] = queue.SimpleQueue()
        self._start = threading.Lock()
        self._writer_of = 0  # the process whose writer runs; another after a fork

    def submit(self, item: Item, *, timeout: float = 30.0) -> Result:
        """The item's result, once it is committed.

        Raises what `write` raises for this item, TimeoutError while the outcome is not known.
        """
        if self._writer_of != os.getpid():
            self._start_writer()
        future: Future[Result] = Future()
        self._waiting.put((item, future))
        return future.result(timeout)

    def _start_writer(self) -> None:
        with self._start:
            if self._writer_of != os.getpid():
                threading.Thread(target=self._run, name="group-commit", daemon=True).start()
                self._writer_of = os.getpid()

    def _run(self) -> None:
        last = time.monotonic()
        while True:
            batch = [self._waiting.get()]
            if time.monotonic() - last > IDLE_SECONDS:
                # The database may have been restarted meanwhile: ask before the next use.
                for connection in connections.all(initialized_only=True):
                    connection.close_if_unusable_or_obsolete()
            weight = self.weigh(batch[0][0])
            while weight < self.most:
                try:
                    batch.append(self._waiting.get_nowait())
                except queue.Empty:
                    break
                weight += self.weigh(batch[-1][0])
            self._commit(batch)
            last = time.monotonic()

    def _commit(self, batch: list[tuple[Item, Future[Result]]]) -> None:
        try:
            results = self.write([item for item, _ in batch])
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
            for (_, future), result in zip(batch, results, strict=True):
                future.set_result(result)

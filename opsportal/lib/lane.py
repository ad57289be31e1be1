"""Work that one process does at a time, where two would only wait for each other."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings


@contextmanager
def lane(name: str) -> Iterator[bool]:
    """Whether the lane of that name is this process's now.

    On SQLite, processes that write whole batches only wait for each other's lock and starve
    ingest: one of them runs until nothing is due, and what it just missed is found by the next
    sweep. The lock ends with its process, however that ends.
    """
    with (settings.DATA_DIR / f"{name}.lane").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True

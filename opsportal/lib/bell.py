"""The bell: a datagram tells this machine's dispatcher that an outbox has new rows.

It costs a few microseconds and writes nothing, so it may ring at every commit. Nobody may depend
on it: what is not heard is found by the next sweep.
"""

import contextlib
import logging
import socket
from pathlib import Path
from typing import Self

from django.conf import settings

log = logging.getLogger(__name__)


def _path() -> Path:
    return Path(settings.DATA_DIR) / "bell"


def ring(word: str) -> bool:
    """Whether somebody is there to hear it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        try:
            sender.sendto(word.encode(), str(_path()))
        except BlockingIOError:
            return True  # so many rings wait already that it will look
        except OSError:
            return False
    return True


class Bell:
    """The side that hears; the latest one of a machine hears all."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        with contextlib.suppress(FileNotFoundError):
            _path().unlink()
        try:
            self._socket.bind(str(_path()))
        except OSError as error:  # a path may have a hundred characters
            log.warning("nobody can ring, rows are found by the sweep: %s", error)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def listen(self) -> str:
        """Wait for a ring; its word, empty at the end."""
        return self._socket.recv(200).decode()

    def end(self) -> None:
        """Let `listen` return."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

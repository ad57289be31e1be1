"""The dispatcher: performs due rows, at once when the bell rings, else within a second."""

import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connections
from django.utils.module_loading import import_string

from opsportal.lib.bell import Bell
from opsportal.lib.memory import calm_collector
from opsportal.lib.outbox import Outbox, oldest_due, run_outbox
from opsportal.lib.times import utc_now
from opsportal.runtime.heartbeat import DISPATCHER, EVERY_SECONDS, beat, say_goodbye

log = logging.getLogger(__name__)

TICK_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 5.0
SWEEP_SECONDS = 5.0
# What is held when the end is asked for has so long to finish; the lease covers the rest.
GRACE_SECONDS = 4.0
_STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT}


class Sweep(Protocol):
    """A deed that looks for what is due."""

    def __call__(self, *, now: datetime) -> object:
        """Do it; what it returns is nobody's business here."""


class Lane:
    """One thread that performs one outbox's rows; asleep until woken."""

    def __init__(self, outbox: Outbox, number: int, stopping: Callable[[], bool]) -> None:
        self.outbox = outbox
        self._stopping = stopping
        self._wake = threading.Event()
        name = f"{outbox.slug}-{number}"
        # A daemon: an act that hangs past the grace must not hold the process.
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.thread.start()

    def wake(self) -> None:
        """Rows are due, or the end is near: look."""
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping():
            self._wake.wait()
            self._wake.clear()
            try:
                close_old_connections()
                run_outbox(self.outbox, stopping=self._stopping)
            except (DatabaseError, InterfaceError) as error:
                # The sweep wakes nobody until the database is back.
                log.warning("lane lost the database: %s", error, extra={"lane": self.thread.name})
                connections.close_all()
            except Exception:
                log.exception("lane failed", extra={"lane": self.thread.name})
        connections.close_all()


class Sweeper:
    """One thread that calls one function of settings.SWEEPS again and again."""

    def __init__(self, path: str, stop: threading.Event, now: Callable[[], datetime]) -> None:
        self._sweep: Sweep = import_string(path)
        self._stop = stop
        self._now = now
        self.thread = threading.Thread(target=self._run, name=path, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        while not self._stop.wait(SWEEP_SECONDS):
            try:
                close_old_connections()
                self._sweep(now=self._now())
            except (DatabaseError, InterfaceError) as error:
                log.warning("sweep lost the database: %s", error, extra={"sweep": self.thread.name})
                connections.close_all()
            except Exception:
                log.exception("sweep failed", extra={"sweep": self.thread.name})
        connections.close_all()


class Dispatcher:
    """Sweeps all outboxes and keeps their lanes at work."""

    def __init__(
        self,
        outboxes: Sequence[Outbox],
        sweeps: Sequence[str] = (),
        *,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._outboxes = outboxes
        self._now = now
        self._stop = threading.Event()
        self._started_at = now()
        self._next_beat = 0.0
        self._lanes = [
            Lane(outbox, number, self._stop.is_set)
            for outbox in outboxes
            for number in range(outbox.threads)
        ]
        self._sweepers = [Sweeper(path, self._stop, now) for path in sweeps]
        self._bell = Bell()
        self._listener = threading.Thread(target=self._listen, name="bell", daemon=True)
        self._listener.start()

    def sweep(self) -> None:
        """Wake the lanes of every outbox that has due rows, and show a sign of life."""
        close_old_connections()
        now = self._now()
        for outbox in self._outboxes:
            if oldest_due(outbox, now):
                self._wake(outbox.slug)
        if time.monotonic() >= self._next_beat:
            beat(DISPATCHER, started_at=self._started_at, now=now)
            self._next_beat = time.monotonic() + EVERY_SECONDS

    def _wake(self, slug: str) -> None:
        for lane in self._lanes:
            if lane.outbox.slug == slug:
                lane.wake()

    def _listen(self) -> None:
        """Wake the lanes of every outbox that is rung for."""
        with self._bell:
            while slug := self._bell.listen():
                self._wake(slug)

    def stop(self) -> None:
        """Let every lane finish what it holds, within the grace, and leave."""
        self._stop.set()
        self._bell.end()
        for lane in self._lanes:
            lane.wake()
        end = time.monotonic() + GRACE_SECONDS
        threads = [lane.thread for lane in self._lanes]
        threads += [sweeper.thread for sweeper in self._sweepers]
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        held = [thread.name for thread in threads if thread.is_alive()]
        if held:
            log.warning("left before these were done; their leases will run out: %s", held)
        try:
            say_goodbye(DISPATCHER)
        except (DatabaseError, InterfaceError) as error:
            log.warning("no goodbye, the database is away: %s", error)
        connections.close_all()

    def run(self, wait: Callable[[float], bool]) -> None:
        """Sweep until `wait(seconds)` says that the end was asked for."""
        pause = TICK_SECONDS
        while not wait(pause):
            try:
                self.sweep()
            except (DatabaseError, InterfaceError) as error:
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                log.warning("the database is away, next try in %.0f s: %s", pause, error)
                connections.close_all()
            else:
                if pause > TICK_SECONDS:
                    log.warning("the database is back")
                pause = TICK_SECONDS
        self.stop()


def wait_for_stop_signal(seconds: float) -> bool:
    """Sleep; True at once when SIGTERM or SIGINT came. They must be blocked before."""
    return signal.sigtimedwait(_STOP_SIGNALS, seconds) is not None


def run_dispatcher(outboxes: Sequence[Outbox]) -> None:
    """Dispatch until SIGTERM or SIGINT."""
    # Blocked in all threads to come, and received by the main one between two sweeps: no handler
    # runs in the middle of anything.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    calm_collector()
    Dispatcher(outboxes, settings.SWEEPS).run(wait_for_stop_signal)

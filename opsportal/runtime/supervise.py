"""One supervised group of processes: started together, restarted alone, never left behind."""

import contextlib
import ctypes
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from opsportal.runtime import guardian

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
# After so long a life a child's next end is a new trouble, not the old one.
HEALTHY_SECONDS = 30.0
STOP_SECONDS = 8.0
_PR_SET_PDEATHSIG = 1


def _stop_signals() -> set[signal.Signals]:
    signals = {signal.SIGTERM, signal.SIGINT}
    # Under nohup the end of the terminal is not the end of the portal.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signals.add(signal.SIGHUP)
    return signals


def _in_child(parent: int) -> Callable[[], None]:
    """What a child does before it becomes its command."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def prepare() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, set())
        if libc is not None:
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # the supervisor was gone before the line above
            os._exit(1)

    return prepare


@dataclass
class Child:
    """One command of the group and what has become of it."""

    name: str
    argv: Sequence[str]
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    pause: float = field(default=FIRST_PAUSE_SECONDS, init=False)
    started: float = field(default=0.0, init=False)
    start_at: float = field(default=0.0, init=False)


class Guardian:
    """The companion that ends the group when the supervisor cannot."""

    def __init__(self) -> None:
        self._process = self._start()

    @staticmethod
    def _start() -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(guardian.__file__))],
            stdin=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )

    def tell(self, sign: str, group: int) -> None:
        """`+` takes a process group into its care, `-` out of it."""
        stdin = self._process.stdin
        with contextlib.suppress(BrokenPipeError):
            if stdin is not None:
                stdin.write(f"{sign}{group}\n")
                stdin.flush()

    def revive(self, groups: Sequence[int]) -> None:
        """Start it again if somebody has killed it."""
        if self._process.poll() is None:
            return
        log.warning("the guardian was killed; starting another")
        self._process = self._start()
        for group in groups:
            self.tell("+", group)

    def dismiss(self) -> None:
        """All children are gone: it may leave."""
        with contextlib.suppress(BrokenPipeError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        self._process.wait(timeout=guardian.GRACE_SECONDS + 2)


class Supervisor:
    """Keeps its children alive until told to stop."""

    def __init__(self, children: Sequence[Child], *, each_tick: Callable[[], None] = lambda: None):
        self._children = children
        self._each_tick = each_tick
        self._stop_signals = _stop_signals()
        self._guardian: Guardian

    def run(self) -> int:
        """Start all, restart what ends, and stop all at SIGTERM, SIGINT or SIGHUP."""
        signals = {*self._stop_signals, signal.SIGCHLD}
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        self._guardian = Guardian()
        try:
            while True:
                self._guardian.revive([c.process.pid for c in self._children if c.process])
                for child in self._children:
                    self._tend(child, time.monotonic())
                self._each_tick()
                received = signal.sigtimedwait(signals, 0.25)
                if received is not None and received.si_signo in self._stop_signals:
                    return 0
        finally:
            self._stop()

    def _tend(self, child: Child, now: float) -> None:
        """Start the child if it is time, or bury what is left of it if it has ended."""
        if child.process is None:
            if now >= child.start_at:
                self._start(child, now)
            return
        if (code := child.process.poll()) is None:
            return
        self._bury(child)
        if now - child.started > HEALTHY_SECONDS:
            child.pause = FIRST_PAUSE_SECONDS
        log.error("%s ended with %s; next start in %.0f s", child.name, code, child.pause)
        child.start_at = now + child.pause
        child.pause = min(child.pause * 2, LONGEST_PAUSE_SECONDS)

    def _start(self, child: Child, now: float) -> None:
        child.process = subprocess.Popen(
            child.argv,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_in_child(os.getpid()),  # noqa: PLW1509  (one thread only)
        )
        child.started = now
        self._guardian.tell("+", child.process.pid)

    def _bury(self, child: Child) -> None:
        """Nothing of the old group may go on working beside the new one."""
        if child.process is None:
            return
        guardian.send(child.process.pid, signal.SIGKILL)
        self._guardian.tell("-", child.process.pid)
        child.process = None

    def _stop(self) -> None:
        """SIGTERM to the children, who know how to end their own; SIGKILL to what stays."""
        running = [child.process for child in self._children if child.process]
        for process in running:
            process.send_signal(signal.SIGTERM)
        end = time.monotonic() + STOP_SECONDS
        while time.monotonic() < end and any(process.poll() is None for process in running):
            received = signal.sigtimedwait({*self._stop_signals, signal.SIGCHLD}, 0.1)
            if received is not None and received.si_signo in self._stop_signals:
                break  # asked twice: at once
        for child in self._children:
            self._bury(child)
        for process in running:
            process.wait()
        self._guardian.dismiss()

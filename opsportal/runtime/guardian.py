"""Kills the process groups named on its input once that input ends.

The supervisor starts this file by its path and writes `+PGID` and `-PGID` lines. However the
supervisor ends, SIGKILL included, its end of the pipe closes: what is still named then gets
SIGTERM and, after the grace, SIGKILL. Standard library only: it must start at once and stay small.
"""

import os
import signal
import sys
import time

GRACE_SECONDS = 3.0


def send(group: int, number: int) -> bool:
    """Signal a process group; False when nobody is left in it."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def end_groups(groups: set[int], grace: float = GRACE_SECONDS) -> None:
    """SIGTERM to every group, SIGKILL to those that stay."""
    for group in groups:
        send(group, signal.SIGTERM)
    end = time.monotonic() + grace
    while groups and time.monotonic() < end:
        groups = {group for group in groups if send(group, 0)}
        time.sleep(0.05)
    for group in groups:
        send(group, signal.SIGKILL)


def main() -> None:
    """Read until the end of the input."""
    groups: set[int] = set()
    for line in sys.stdin:
        sign, group = line[0], int(line[1:])
        if sign == "+":
            groups.add(group)
        else:
            groups.discard(group)
    end_groups(groups)


if __name__ == "__main__":
    main()

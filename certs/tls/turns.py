"""Whose turn it is: in no order that a network would notice, and never too many at one place."""

import random
import socket
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from functools import lru_cache

from certs.tls.reading import Target

# Targets that are known and not yet begun: what comes next is drawn from these.
WINDOW = 4096


class Turns:
    """Targets, drawn from a window over all of them; those whose host or network has its fill
    wait in the window meanwhile. `per_network`: of a /24, or a /48 of IPv6."""

    def __init__(
        self, targets: Iterator[Target], per_host: int, per_network: int, window: int = WINDOW
    ) -> None:
        self._targets = targets
        self._per_host, self._per_network, self._window = per_host, per_network, window
        self._ready: list[Target] = []
        self._parked: defaultdict[bytes, deque[Target]] = defaultdict(deque)
        self._known = 0
        self._running: Counter[bytes] = Counter()

    def take(self) -> Target | None:
        """The next to begin; None: none may begin before one that runs is given back."""
        self._fill()
        while self._ready:
            target = self._draw()
            host, network = places(target.address)
            if self._running[host] >= self._per_host:
                self._parked[host].append(target)
                # It was woken in vain; another host of the network may have the turn.
                self._wake(network)
            elif self._running[network] >= self._per_network:
                self._parked[network].append(target)
            else:
                self._known -= 1
                self._running[host] += 1
                self._running[network] += 1
                return target
        return None

    def give_back(self, target: Target) -> None:
        """It has been read."""
        for place in places(target.address):
            self._running[place] -= 1
            if not self._running[place]:
                del self._running[place]
            self._wake(place)

    def _fill(self) -> None:
        while self._known < self._window:
            target = next(self._targets, None)
            if target is None:
                return
            self._known += 1
            self._ready.append(target)

    def _draw(self) -> Target:
        at = random.randrange(len(self._ready))  # noqa: S311  (no secret)
        self._ready[at], self._ready[-1] = self._ready[-1], self._ready[at]
        return self._ready.pop()

    def _wake(self, place: bytes) -> None:
        waiting = self._parked.get(place)
        if waiting:
            self._ready.append(waiting.popleft())
            if not waiting:
                del self._parked[place]


@lru_cache(maxsize=WINDOW)
def places(address: str) -> tuple[bytes, bytes]:
    """What the caps count by: the address, and its /24 or /48. Text that is no address stands for
    itself."""
    packed = _packed(address)
    if packed is None:
        return b"?" + address.encode(), b"?"
    if len(packed) == 4:
        return packed, b"/" + packed[:3]
    return packed, b"/" + packed[:6]


def _packed(address: str) -> bytes | None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.inet_pton(family, address.partition("%")[0])
    except (OSError, ValueError):
        return None

"""Read many chains, and find open ports: many at once, but never too many at one place."""

import asyncio
import math
import random
import resource
from collections import Counter, deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from functools import partial
from typing import TypeVar

from certs.tls.failed import Failed
from certs.tls.read import TIMEOUT, read_chain
from certs.tls.reading import Reading, Result, Target
from certs.tls.starttls import USUAL_PROTOCOLS
from certs.tls.turns import Turns
from certs.tls.wire import connect

# At once: handshakes, and of these at one address and in one network (/24, /48 of IPv6).
CONCURRENCY, PER_HOST, PER_NETWORK = 200, 8, 64
# Connections that are only tried; seconds for each.
SOCKETS, SOCKETS_PER_HOST, SOCKETS_PER_NETWORK = 1000, 8, 128
CONNECT_TIMEOUT = 1.0
# File descriptors that are left to the rest of the process.
_SPARE = 128
# Targets that are kept for a second try; of more the first answer is given.
_LATER = 10_000
_TIMEOUTS = {Result.TIMEOUT_CONNECT, Result.TIMEOUT_HANDSHAKE}

T = TypeVar("T")


async def read_chains(
    targets: Iterable[Target],
    *,
    concurrency: int = CONCURRENCY,
    timeout: float = TIMEOUT,
    per_host: int = PER_HOST,
    per_network: int = PER_NETWORK,
    retry: bool = True,
    fast: bool = False,
) -> AsyncGenerator[Reading]:
    """One Reading for each target, as they come, in no order; memory does not grow with them.

    `timeout` and `fast` are of each, as read_chain has them. Those that timed out are asked once
    more at the end (`retry`), since the crowd may have been to blame. Whoever stops early closes it
    (contextlib.aclosing). `targets` is walked as they are wanted, inside the event loop: no
    queries there.
    """
    read = partial(read_chain, timeout=timeout, fast=fast)
    turns = Turns(iter(targets), per_host, per_network)
    later: list[Target] = []
    async with aclosing(_each(turns, read, concurrency)) as stream:
        async for reading in stream:
            if retry and reading.result in _TIMEOUTS and len(later) < _LATER:
                later.append(reading.target)
            else:
                yield reading
    if later:
        again = read_chains(
            later,
            concurrency=concurrency,
            timeout=timeout,
            per_host=per_host,
            per_network=per_network,
            retry=False,
            fast=fast,
        )
        async with aclosing(again) as stream:
            async for reading in stream:
                yield reading


async def find_open(
    addresses: Sequence[str],
    ports: Sequence[int],
    *,
    concurrency: int = SOCKETS,
    timeout: float = CONNECT_TIMEOUT,
    per_host: int = SOCKETS_PER_HOST,
    per_network: int = SOCKETS_PER_NETWORK,
    tally: Counter[Result] | None = None,
) -> AsyncGenerator[Target]:
    """The first phase of a sweep: which of these ports are open, by connecting and no more.

    What is found comes as a Target of the protocol that is usual on that port. `tally` counts how
    each try ended, so that a sweep can tell "all closed" from "no way there".
    """

    async def knock(target: Target) -> tuple[Target, Result]:
        return target, await _knock(target, timeout)

    turns = Turns(_spread(addresses, ports), per_host, per_network)
    async with aclosing(_each(turns, knock, concurrency)) as stream:
        async for target, result in stream:
            if tally is not None:
                tally[result] += 1
            if result is Result.OK:
                yield target


async def _knock(target: Target, timeout: float) -> Result:
    try:
        async with asyncio.timeout(timeout):
            connection = await connect(target)
    except Failed as failed:
        return failed.result
    except TimeoutError:
        return Result.TIMEOUT_CONNECT
    connection.close()
    return Result.OK


def _spread(addresses: Sequence[str], ports: Sequence[int]) -> Iterator[Target]:
    """All pairs, neighbours far from each other: a walk by a stride that is prime to their number,
    from anywhere."""
    count = len(addresses) * len(ports)
    # The golden ratio spreads any stretch of the walk evenly.
    stride = max(1, round(count * 0.618034))
    while math.gcd(stride, count) > 1:
        stride += 1
    at = random.randrange(count) if count else 0  # noqa: S311  (no secret)
    for _ in range(count):
        at = (at + stride) % count
        port = ports[at % len(ports)]
        yield Target(addresses[at // len(ports)], port, USUAL_PROTOCOLS.get(port, "tls"))


async def _each(
    turns: Turns, perform: Callable[[Target], Awaitable[T]], concurrency: int
) -> AsyncGenerator[T]:
    """What `perform` comes to for each target; what is not taken from here holds up the rest."""
    concurrency = min(concurrency, _descriptors())
    running: set[asyncio.Future[T]] = set()
    done: deque[asyncio.Future[T]] = deque()
    arrived = asyncio.Event()

    def finished(target: Target, task: asyncio.Future[T]) -> None:
        running.discard(task)
        turns.give_back(target)
        done.append(task)
        arrived.set()

    try:
        while True:
            while len(running) + len(done) < concurrency and (target := turns.take()):
                task = asyncio.ensure_future(perform(target))
                running.add(task)
                task.add_done_callback(partial(finished, target))
            if not done:
                if not running:
                    return
                arrived.clear()
                await arrived.wait()
            yield done.popleft().result()
    finally:
        left = list(running)
        for each in left:
            each.cancel()
        await asyncio.gather(*left, return_exceptions=True)


def _descriptors() -> int:
    """How many sockets this process may have open, with some to spare."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 20 if soft == resource.RLIM_INFINITY else max(soft - _SPARE, 1)

"""Many chains at once: each comes when it is there, and none waits for another."""

import asyncio
import errno
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, aclosing, closing, suppress

import pytest

from certs.tls import (
    Reading,
    Result,
    Target,
    find_all_open,
    find_open,
    read_all,
    read_chain,
    read_chains,
    stream,
)
from tests.certs.pki import Issued
from tests.certs.serving import Served, raw_server, tls_server
from tests.certs.tls.reads import hang, server_context


@pytest.fixture(scope="module")
def live(issued: Issued) -> Iterator[Served]:
    """A server that answers at once."""
    with tls_server(issued) as server:
        yield server


@pytest.fixture(scope="module")
def hanging() -> Iterator[int]:
    """The port of one that never does."""
    with raw_server(hang) as port:
        yield port


def test_a_server_that_hangs_delays_nobody(live: Served, hanging: int) -> None:
    targets = [*[Target("127.0.0.1", hanging)] * 30, *[Target("127.0.0.1", live.port)] * 15]
    readings = list(read_all(targets, timeout=1.5, per_host=100, retry=False))
    assert [each.result for each in readings[:15]] == [Result.OK] * 15
    assert [each.result for each in readings[15:]] == [Result.TIMEOUT_HANDSHAKE] * 30


def test_what_timed_out_is_asked_once_more_at_the_end(issued: Issued, live: Served) -> None:
    connections: list[int] = []

    def second_time(connection: socket.socket) -> None:
        connections.append(1)
        if len(connections) == 1:
            hang(connection)
        with suppress(OSError):
            context.wrap_socket(connection, server_side=True).close()

    with server_context(issued) as context, raw_server(second_time) as port:
        targets = [Target("127.0.0.1", port), *[Target("127.0.0.1", live.port)] * 5]
        readings = list(read_all(targets, timeout=0.5))
    assert [each.result for each in readings] == [Result.OK] * 6
    assert readings[-1].target.port == port
    assert len(connections) == 2


def test_what_times_out_twice_is_told_once(hanging: int) -> None:
    (reading,) = read_all([Target("127.0.0.1", hanging)], timeout=0.1)
    assert reading.result is Result.TIMEOUT_HANDSHAKE


def test_retries_are_bounded(hanging: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_LATER", 2)
    began = time.monotonic()
    readings = list(read_all([Target("127.0.0.1", hanging)] * 5, timeout=0.2))
    assert len(readings) == 5
    assert time.monotonic() - began > 0.4


def test_targets_are_walked_as_they_are_wanted(live: Served) -> None:
    asked = 0

    def targets() -> Iterator[Target]:
        nonlocal asked
        for _ in range(100_000):
            asked += 1
            yield Target("127.0.0.1", live.port)

    async def first() -> Reading | None:
        async with aclosing(read_chains(targets(), concurrency=10)) as readings:
            async for reading in readings:
                return reading
        return None

    reading = asyncio.run(first())
    assert reading is not None
    assert reading.result is Result.OK
    assert asked < 5000


def test_stopping_early_leaves_nothing_behind(live: Served, hanging: int) -> None:
    targets = [*[Target("127.0.0.1", hanging)] * 20, Target("127.0.0.1", live.port)]
    began = time.monotonic()
    with closing(read_all(targets, timeout=30, per_host=21)) as readings:
        assert next(readings).result is Result.OK
    assert time.monotonic() - began < 5
    assert not [each for each in threading.enumerate() if each.name == "certs-tls"]


def test_a_slow_caller_costs_nobody_the_deadline(live: Served) -> None:
    readings = read_all([Target("127.0.0.1", live.port)] * 20, timeout=0.8, retry=False)
    first = next(readings)
    time.sleep(1.0)
    assert [each.result for each in [first, *readings]] == [Result.OK] * 20


def test_errors_of_ours_are_raised(live: Served) -> None:
    with pytest.raises(ValueError, match="gopher"):
        list(read_all([Target("127.0.0.1", live.port, "gopher")]))


def test_a_process_without_descriptors_says_so_rather_than_unreachable(
    live: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> socket.socket:
        raise OSError(errno.EMFILE, "Too many open files")

    async def read() -> Reading:
        # The event loop has its own by now.
        with monkeypatch.context() as patched:
            patched.setattr("certs.tls.wire.socket.socket", full)
            return await read_chain(Target("127.0.0.1", live.port))

    with pytest.raises(OSError, match="Too many"):
        asyncio.run(read())


def test_no_targets() -> None:
    assert list(read_all([])) == []
    assert list(find_all_open([], [443])) == []


def test_open_ports_are_found_and_the_rest_is_counted(issued: Issued, hanging: int) -> None:
    # Addresses that no other test listens at.
    tally: Counter[Result] = Counter()
    with ExitStack() as stack:
        server = stack.enter_context(tls_server(issued, address="127.77.0.7"))
        closed = stack.enter_context(socket.socket())
        closed.bind(("127.77.0.7", 0))
        ports = [server.port, closed.getsockname()[1]]
        addresses = [f"127.77.0.{number}" for number in range(1, 11)]
        found = list(find_all_open(addresses, ports, tally=tally))
    assert found == [Target("127.77.0.7", server.port)]
    assert tally == {Result.OK: 1, Result.REFUSED: 19}


def test_an_open_port_has_the_protocol_that_is_usual_there(monkeypatch: pytest.MonkeyPatch) -> None:
    async def open_(target: Target, timeout: float) -> Result:
        return Result.OK

    monkeypatch.setattr(stream, "_knock", open_)

    async def all_of() -> list[Target]:
        return [each async for each in find_open(["10.0.0.1"], [443, 25, 587, 5432, 8443, 389])]

    protocols = {each.port: each.protocol for each in asyncio.run(all_of())}
    assert protocols == {
        443: "tls", 25: "smtp", 587: "smtp", 5432: "postgres", 8443: "tls", 389: "ldap",
    }  # fmt: skip


def test_neighbours_are_far_apart() -> None:
    addresses = [f"10.0.{third}.{fourth}" for third in range(16) for fourth in range(256)]
    walk = list(stream._spread(addresses, [443, 8443]))
    assert len(set(walk)) == len(walk) == 2 * len(addresses)
    for start in range(0, len(walk) - 64, 64):
        networks = Counter(each.address.rpartition(".")[0] for each in walk[start : start + 64])
        assert max(networks.values()) <= 10

"""Whose turn it is: all come once, none too many at one place, and not in the order they were
given."""

import random
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certs.tls import Target
from certs.tls.turns import Turns, places


def network(address: str) -> str:
    """Its /24."""
    return address.rpartition(".")[0]


@settings(max_examples=60, deadline=None)
@given(
    addresses=st.lists(
        st.builds("10.0.{}.{}".format, st.integers(0, 3), st.integers(0, 4)), max_size=120
    ),
    per_host=st.integers(1, 3),
    per_network=st.integers(1, 5),
    window=st.integers(1, 40),
    seed=st.integers(0, 1000),
)
def test_caps_hold_and_nobody_is_forgotten(
    addresses: list[str], per_host: int, per_network: int, window: int, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311  (no secret)
    targets = [Target(address, 1 + at) for at, address in enumerate(addresses)]
    turns = Turns(iter(targets), per_host, per_network, window)
    running: list[Target] = []
    seen: list[Target] = []
    while True:
        while target := turns.take():
            running.append(target)
            seen.append(target)
            assert max(Counter(each.address for each in running).values()) <= per_host
            assert max(Counter(network(each.address) for each in running).values()) <= per_network
        if not running:
            break
        turns.give_back(running.pop(chance.randrange(len(running))))
    assert sorted(seen, key=lambda each: each.port) == targets


def test_a_full_host_does_not_hold_up_its_network() -> None:
    targets = [Target("10.0.0.1", 1), Target("10.0.0.1", 2), Target("10.0.0.2", 3)]
    turns = Turns(iter(targets), per_host=1, per_network=2)
    first, second = turns.take(), turns.take()
    assert first
    assert second
    assert {first.address, second.address} == {"10.0.0.1", "10.0.0.2"}
    assert turns.take() is None
    turns.give_back(first if first.address == "10.0.0.1" else second)
    assert turns.take() is not None


def test_the_order_is_another_each_time() -> None:
    def order() -> list[int]:
        turns = Turns((Target("10.0.0.1", port) for port in range(1, 100)), 1000, 1000)
        return [target.port for target in iter(turns.take, None)]

    given = list(range(1, 100))
    first, second = order(), order()
    assert sorted(first) == given
    assert given != first != second


def test_no_more_is_asked_for_than_the_window_holds() -> None:
    asked = 0

    def endless() -> Iterator[Target]:
        nonlocal asked
        while True:
            asked += 1
            yield Target("10.0.0.1", 1)

    turns = Turns(endless(), per_host=4, per_network=10, window=50)
    assert len(list(iter(turns.take, None))) == 4
    assert asked == 54


@pytest.mark.parametrize(
    ("one", "other", "same_host", "same_network"),
    [
        ("10.0.0.1", "10.0.0.1", True, True),
        ("10.0.0.1", "10.0.0.255", False, True),
        ("10.0.0.1", "10.0.1.1", False, False),
        ("2001:db8:1::1", "2001:db8:1:0::1", True, True),
        ("2001:db8:1::1", "2001:db8:1:ffff::1", False, True),
        ("2001:db8:1::1", "2001:db8:2::1", False, False),
        ("fe80::1%eth0", "fe80::1", True, True),
        ("10.0.0.1", "nonsense", False, False),
    ],
)
def test_places(one: str, other: str, same_host: bool, same_network: bool) -> None:
    assert [a == b for a, b in zip(places(one), places(other), strict=True)] == [
        same_host,
        same_network,
    ]

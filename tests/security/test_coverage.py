"""The arithmetic of networks and ports, against sets of single numbers."""

import ipaddress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from security.auditors.coverage import (
    IPV4,
    IPV6,
    covers,
    is_broad,
    is_world,
    minus,
    network_of,
    size,
    union,
    within,
)
from security.auditors.openings import Openings, admissions

spans = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: (min(pair), max(pair))),
    max_size=8,
)


def numbers(found):
    return {number for first, last in found for number in range(first, last + 1)}


@given(spans)
def test_a_union_has_the_same_numbers_in_order_and_once(found):
    joined = union(found)
    assert numbers(joined) == numbers(found)
    assert size(joined) == len(numbers(found))
    assert all(a[1] + 1 < b[0] for a, b in pairwise(joined))


@given(spans, spans)
def test_what_is_taken_away_is_not_left_and_nothing_else_is_lost(found, taken):
    left = minus(union(found), union(taken))
    assert numbers(left) == numbers(found) - numbers(taken)


@given(spans, st.tuples(st.integers(0, 30), st.integers(30, 60)))
def test_what_is_within_bounds(found, bounds):
    assert numbers(within(found, bounds)) == numbers(found) & numbers([bounds])


def spans_of(*cidrs):
    return [network_of(cidr).span for cidr in cidrs]


@given(st.integers(0, 8), st.randoms(use_true_random=False))
def test_the_world_in_pieces_is_the_world(depth, random):
    pieces = list(ipaddress.ip_network(IPV4).subnets(prefixlen_diff=depth))
    half = random.sample(pieces, (len(pieces) + 1) // 2)
    assert is_world(spans_of(*map(str, half)), IPV4)
    less = half[:-1]
    assert not is_world(spans_of(*map(str, less)), IPV4)


@pytest.mark.parametrize(
    ("family", "cidrs", "expected"),
    [
        (IPV4, ["0.0.0.0/0"], True),
        (IPV4, ["0.0.0.0/1"], True),
        (IPV4, ["0.0.0.0/2"], False),
        (IPV4, ["0.0.0.0/2", "0.0.0.0/3"], False),
        (IPV4, ["0.0.0.0/2", "64.0.0.0/2"], True),
        (IPV4, [], False),
        (IPV6, ["::/0"], True),
        (IPV6, ["2000::/4"], True),
        (IPV6, ["2000::/5"], False),
        (IPV6, ["8000::/1"], False),
        (IPV6, ["fc00::/7"], False),
    ],
)
def test_what_is_the_world(family, cidrs, expected):
    assert is_world(spans_of(*cidrs), family) is expected


@pytest.mark.parametrize(
    ("cidr", "expected"),
    [
        ("8.0.0.0/15", True),
        ("8.0.0.0/16", False),
        ("10.0.0.0/8", False),
        ("172.16.0.0/12", False),
        ("100.64.0.0/10", False),
        ("2a00::/31", True),
        ("2a00::/32", False),
        ("fd00::/8", False),
        ("fe80::/10", False),
    ],
)
def test_what_is_broad(cidr, expected):
    assert is_broad(network_of(cidr)) is expected


def test_text_that_is_no_network_is_none():
    assert network_of("10.0.0.0/33") is None
    assert network_of("\0") is None


def test_networks_cover_another_together():
    assert covers(["10.0.0.0/25", "10.0.0.128/25", "::/0"], "10.0.0.0/24")
    assert not covers(["10.0.0.0/25"], "10.0.0.0/24")
    assert not covers(["::/0"], "10.0.0.0/24")
    assert covers(["0.0.0.0/0"], "10.0.0.0/24")


HALVES = ("0.0.0.0/1", "128.0.0.0/1")
rules = st.lists(
    st.builds(
        lambda ports, peer: {
            "direction": "in", "protocol": "tcp", "from": min(ports), "to": max(ports),
            "kind": "prefixlist" if peer == "pl" else "ipv4", "peer": peer, "description": "",
        },
        st.tuples(st.integers(0, 20), st.integers(0, 20)),
        st.sampled_from([*HALVES, "0.0.0.0/2", "64.0.0.0/2", "10.0.0.0/8", "pl"]),
    ),
    max_size=6,
)  # fmt: skip


@given(rules, st.booleans())
def test_openings_are_what_asking_port_by_port_comes_to(found, readable):
    held = ["0.0.0.0/0"] if readable else None
    openings = Openings(admissions(found, lambda _: held))
    said = {}
    for opening in openings.of("tcp", IPV4):
        for port in range(opening.ports[0], opening.ports[1] + 1):
            assert port not in said
            said[port] = opening.certain
    for port in range(22):
        here = [rule for rule in found if rule["from"] <= port <= rule["to"]]
        lists = [(held or []) if rule["peer"] == "pl" else [rule["peer"]] for rule in here]
        peers = [cidr for networks in lists for cidr in networks]
        certain = is_world(spans_of(*peers), IPV4)
        perhaps = not readable and any(rule["peer"] == "pl" for rule in here)
        assert said.get(port) == (True if certain else False if perhaps else None)

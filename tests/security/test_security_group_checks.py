"""Checks of security groups: tables of rules and what is said of them."""

from datetime import timedelta

import pytest

from security.auditors import Later, Reference, auditors_of
from security.auditors.open_ports import (
    AllPortsOpen,
    BroadNetwork,
    DatabaseOpen,
    LegacyOpen,
    LoginOpen,
    OtherPortOpen,
)
from security.auditors.security_groups import (
    DefaultGroupUsed,
    ForeignPeer,
    UnreadablePrefixList,
    UnusedGroup,
)
from tests.security.auditing import ACCOUNT, NOW, FakeWorld, issues, item, rule, verdicts

GROUP, LIST, INTERFACE = (
    "aws.ec2.securitygroup", "aws.ec2.prefixlist", "aws.ec2.networkinterface",
)  # fmt: skip
V4, V6 = "0.0.0.0/0", "::/0"
ATTACHED = {"r-1": [Reference("security group", INTERFACE, "eni-1")]}


def group(*rules, name="web", **fields):
    return item(GROUP, {"name": name, "rules": list(rules)}, **fields)


def world(lists=None, *, attached=True, **fields):
    """Prefix lists by their entries; None: entries that could not be read."""
    there = {
        name: {"owner": ACCOUNT}
        if entries is None
        else {"owner": ACCOUNT, "entries": [{"cidr": cidr} for cidr in entries]}
        for name, entries in (lists or {}).items()
    }
    given = {"there": {LIST: there, INTERFACE: {}, GROUP: {}}, **fields}
    return FakeWorld(referred=ATTACHED if attached else {}, **given)


def said(*rules, about=None):
    """What all checks of ports say."""
    checks = (AllPortsOpen, LoginOpen, DatabaseOpen, LegacyOpen, OtherPortOpen, BroadNetwork)
    return {
        (check.slug, subject): score
        for check in checks
        for subject, score in issues(check, group(*rules), about or world())
    }


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        # Everything, of all protocols and of one.
        (
            [rule(V4, protocol="all")],
            {
                ("SG-01", f"in/all/0-65535/{V4}"): 10,
                ("SG-02", f"in/tcp/22-22/{V4}"): 10,
                ("SG-02", f"in/tcp/3389-3389/{V4}"): 10,
                ("SG-03", f"in/tcp/0-65535/{V4}"): 9,
                ("SG-04", f"in/tcp/0-65535/{V4}"): 8,
                ("SG-04", f"in/udp/0-65535/{V4}"): 8,
            },
        ),
        (
            [rule(V6, 0, "udp", 65535)],
            {
                ("SG-01", f"in/udp/0-65535/{V6}"): 10,
                ("SG-04", f"in/udp/0-65535/{V6}"): 8,
            },
        ),
        # SSH, in whichever way.
        ([rule(V4, 22)], {("SG-02", f"in/tcp/22-22/{V4}"): 10}),
        ([rule(V4, 22), rule(V6, 22)], {
            ("SG-02", f"in/tcp/22-22/{V4}"): 10, ("SG-02", f"in/tcp/22-22/{V6}"): 10}),
        ([rule("0.0.0.0/1", 22), rule("128.0.0.0/1", 22)], {("SG-02", f"in/tcp/22-22/{V4}"): 10}),
        ([rule("pl-world", 22)], {("SG-02", f"in/tcp/22-22/{V4}"): 10}),
        ([rule("pl-half", 22), rule("64.0.0.0/2", 22)], {("SG-02", f"in/tcp/22-22/{V4}"): 10}),
        # Halves that meet on one port only.
        (
            [rule("0.0.0.0/2", 20, to=22), rule("64.0.0.0/2", 22, to=30)],
            {
                ("SG-02", f"in/tcp/22-22/{V4}"): 10,
                ("SG-06", "in/tcp/20-22/0.0.0.0/2"): 5,
                ("SG-06", "in/tcp/22-30/64.0.0.0/2"): 5,
            },
        ),
        # Halves that do not meet are no world, but broad.
        (
            [rule("0.0.0.0/2", 22), rule("64.0.0.0/2", 23)],
            {("SG-06", "in/tcp/22-22/0.0.0.0/2"): 5, ("SG-06", "in/tcp/23-23/64.0.0.0/2"): 5},
        ),
        # Databases, old protocols, others.
        ([rule(V4, 5432)], {("SG-03", f"in/tcp/5432-5432/{V4}"): 9}),
        ([rule(V4, 445)], {("SG-04", f"in/tcp/445-445/{V4}"): 8}),
        ([rule(V4, 161, "udp")], {("SG-04", f"in/udp/161-161/{V4}"): 8}),
        ([rule(V4, 161)], {("SG-05", f"in/tcp/161-161/{V4}"): 6}),
        ([rule(V4, 8080)], {("SG-05", f"in/tcp/8080-8080/{V4}"): 6}),
        ([rule(V4, 80, to=443)], {
            ("SG-03", f"in/tcp/80-443/{V4}"): None,
            ("SG-04", f"in/tcp/80-443/{V4}"): 8}),
        ([rule(V4, None, "50")], {("SG-05", f"in/50/0-65535/{V4}"): 6}),
        # The web is for everybody, and a ping is no port.
        ([rule(V4, 80), rule(V4, 443), rule(V6, 443, "udp")], {}),
        ([rule(V4, None, "icmp"), rule(V6, None, "icmpv6")], {}),
        # What goes out, what is private, and groups.
        ([rule(V4, protocol="all", direction="out")], {}),
        ([rule("10.0.0.0/8", 22), rule("fd00::/8", 22)], {}),
        ([rule("123456789012/sg-2", protocol="all")], {}),
        # A wide network, directly and by a list; one that is known.
        ([rule("8.0.0.0/8", 443)], {("SG-06", "in/tcp/443-443/8.0.0.0/8"): 5}),
        ([rule("pl-wide", 22)], {("SG-06", "in/tcp/22-22/pl-wide/8.0.0.0/8"): 5}),
        ([rule("9.0.0.0/8", 443)], {}),
        # A list that cannot be read.
        (
            [rule("pl-secret", 22)],
            {("SG-02", f"in/tcp/22-22/{V4}"): -1, ("SG-02", f"in/tcp/22-22/{V6}"): -1,
             ("SG-06", "in/tcp/22-22/pl-secret"): -1},
        ),
        (
            [rule("pl-secret", 22), rule(V4, 22)],
            {("SG-02", f"in/tcp/22-22/{V4}"): 10, ("SG-02", f"in/tcp/22-22/{V6}"): -1,
             ("SG-06", "in/tcp/22-22/pl-secret"): -1},
        ),
        # What AWS should never say.
        ([rule("nonsense", 22), rule("10.0.0.0/99", 22)], {}),
    ],
)  # fmt: skip
def test_which_ports_are_open_to_whom(rules, expected):
    lists = {
        "pl-world": [V4], "pl-half": ["0.0.0.0/2"], "pl-wide": ["8.0.0.0/8", "10.0.0.0/8"],
        "pl-secret": None,
    }  # fmt: skip
    wanted = {key: score for key, score in expected.items() if score is not None}
    assert said(*rules, about=world(lists, networks=("9.0.0.0/8",))) == wanted


@pytest.mark.parametrize(("full", "unused"), [(10, 3), (9, 3), (8, 3), (6, 2), (5, 2), (4, 2)])
def test_what_nothing_uses_is_worth_less_and_never_nothing(full, unused):
    about = group(rule(V4, 22))
    assert LoginOpen.scored(full, about, world(attached=False)) == unused
    assert LoginOpen.scored(full, about, world()) == full


def test_while_interfaces_were_not_read_a_group_is_taken_for_used():
    assert issues(LoginOpen, group(rule(V4, 22)), FakeWorld()) == [(f"in/tcp/22-22/{V4}", 10)]


def test_the_default_group_is_to_have_no_rules():
    about = group(rule("10.0.0.0/8", 22), name="default")
    assert issues(DefaultGroupUsed, about, world()) == [("", 4)]
    assert issues(DefaultGroupUsed, group(name="default"), world()) == []
    assert issues(DefaultGroupUsed, group(rule(V4, 22)), world()) == []


def test_peers_of_other_accounts_by_what_they_are_to_us():
    rules = [
        rule(f"{account}/sg-9", 22)
        for account in (ACCOUNT, "111111111111", "222222222222", "333333333333")
    ]
    rules.append(rule("333333333333/sg-9", None, "all", direction="out"))
    around = world(
        trusted={"111111111111": "FRIENDLY", "222222222222": "THIRDPARTY"},
    )
    assert issues(ForeignPeer, group(*rules), around) == [
        ("in/tcp/22-22/222222222222/sg-9", 3),
        ("in/tcp/22-22/333333333333/sg-9", 8),
        ("out/all/all/333333333333/sg-9", 8),
    ]


def test_prefix_lists_of_other_accounts():
    there = {
        "pl-aws": {"owner": "AWS"}, "pl-mine": {"owner": ACCOUNT}, "pl-his": {"owner": "9" * 12},
    }  # fmt: skip
    around = FakeWorld(there={LIST: there, INTERFACE: {}}, referred=ATTACHED)
    rules = [rule(name, 443) for name in (*there, "pl-gone")]
    assert issues(ForeignPeer, group(*rules), around) == [
        ("in/tcp/443-443/pl-gone", -1), ("in/tcp/443-443/pl-his", 8),
    ]  # fmt: skip


def test_a_prefix_list_that_cannot_be_read_is_said_so():
    about = group(rule("pl-secret", 22), rule("pl-gone", 22), rule("pl-open", 22))
    around = world({"pl-secret": None, "pl-open": [V4]})
    assert issues(UnreadablePrefixList, about, around) == [("pl-gone", -1), ("pl-secret", -1)]


def test_a_group_that_nothing_uses_is_told_after_a_week():
    young = group(first_seen_at=NOW - timedelta(days=1))
    assert verdicts(UnusedGroup, young, world(attached=False)) == [Later(NOW + timedelta(days=6))]
    assert issues(UnusedGroup, group(), world(attached=False)) == [("", 1)]
    assert issues(UnusedGroup, group(), world()) == []
    assert issues(UnusedGroup, group(name="default"), world(attached=False)) == []
    assert issues(UnusedGroup, group(), FakeWorld()) == [("", -1)]
    # Nothing is scored yet: that interfaces were not read is no reason to look sooner.
    assert verdicts(UnusedGroup, young, FakeWorld()) == [Later(NOW + timedelta(days=6))]
    by_itself = {"r-1": [Reference("peer", GROUP, "r-1")]}
    assert issues(UnusedGroup, group(), world(attached=False).__class__(
        there={INTERFACE: {}, GROUP: {}}, referred=by_itself)) == [("", 1)]  # fmt: skip
    by_another = {"r-1": [Reference("peer", GROUP, "sg-2")]}
    around = FakeWorld(there={INTERFACE: {}, GROUP: {}}, referred=by_another)
    assert issues(UnusedGroup, group(), around) == []


def test_all_checks_of_groups_are_asked():
    assert {f"SG-{number:02}" for number in range(1, 11)} <= {
        check.slug for check in auditors_of(GROUP)
    }

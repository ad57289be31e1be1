"""The quick walk along the rules says what the plain one says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.policy.index import Index, _beginning
from alerts.policy.walk import Rules, Walk
from opsportal.lib.matchers import Matcher
from tests.alerts.policies import CHANNELS, NOON, NOTIFY, PAGER, TEAMS, rule

NAMES = ("service", "severity", "team", "zone")
VALUES = {
    "service": ("", "billing", "search"),
    "severity": ("info", "high", "critical"),
    "team": ("", "payments", "search"),
    "zone": ("", "aa", "10", "99"),
}


@st.composite
def matchers(draw) -> str:
    texts = []
    for name in draw(st.lists(st.sampled_from(NAMES), max_size=3)):
        op = draw(st.sampled_from(["=", "!=", "=~", "!~", ">"]))
        value = draw(st.sampled_from(VALUES[name]))
        if op in ("=~", "!~"):
            value = draw(
                st.sampled_from(
                    [
                        value,
                        f"{value}|aa",
                        f"{value}|",
                        ".*",
                        f"{value[:2]}.+",
                        f"{value}x?",
                        "1\\\\d",
                        "a+.*",
                    ]
                )
            )
        texts.append(f'{name}{op}"{50 if op == ">" else value}"')
    return "{" + ", ".join(texts) + "}"


ACTIONS = st.sampled_from(
    [
        NOTIFY,
        PAGER,
        {"suppress": "quiet"},
        {"page": "search"},
        {"set": {"severity": "critical"}},
        {"set": {"service": "search", "team": "payments"}},
        {"set": {"team": ""}},
        {"set": {"runbook_url": "https://x"}},
    ]
)
RULES = st.lists(
    st.builds(
        lambda match, actions, **more: rule("r", match, *actions, **more),
        matchers(),
        st.lists(ACTIONS, max_size=3),
        order=st.integers(0, 3),
        stop=st.booleans(),
        enabled=st.sampled_from([True, True, True, False]),
        team=st.sampled_from(["", "", "payments"]),
        active_times=st.sampled_from(["", "", "mon 11:00-13:00", "tue 11:00-13:00"]),
    ),
    max_size=12,
)
LABELS = st.fixed_dictionaries({name: st.sampled_from(VALUES[name]) for name in NAMES})


def plainly(rules: Rules, asked, labels) -> Walk:
    """Rule by rule, as a person would."""
    seen, walk = dict(labels), Walk()
    for one in asked:
        matches = one.enabled and not one.complaint and one.matchers.matches(seen)
        if matches and one.active_at(NOON) and rules.do(one, seen, walk):
            break
    return walk


@settings(max_examples=400, deadline=None)
@given(RULES, st.lists(LABELS, min_size=1, max_size=4))
def test_index_and_memory_change_nothing(asked, alerts):
    asked = sorted(asked, key=lambda one: (one.order, one.id))
    rules = Rules(asked, CHANNELS, TEAMS)
    for labels in (*alerts, *alerts):
        assert rules.walk(labels, NOON) == plainly(rules, asked, labels)


def test_a_thousand_rules_by_service_are_not_all_asked():
    asked = [rule(f"r{n}", f'{{service="s{n}", severity=~"h.*"}}', NOTIFY) for n in range(1000)]
    asked += [rule("any", '{zone=~"a.*"}', PAGER)]
    labels = {"service": "s500", "severity": "high", "team": "", "zone": "aa"}
    assert len(Index(asked).candidates(labels)) == 2
    assert [r["name"] for r in Rules(asked, CHANNELS, TEAMS).walk(labels, NOON).reasons] == [
        "r500",
        "any",
    ]


@pytest.mark.parametrize(
    ("pattern", "beginning"),
    [
        ("rack-3-.*", "rack-3-"),
        (r"10\.0\..*", "10.0."),
        ("ab*c", "a"),
        (r"a\.?b", "a"),
        ("ab{2}", "a"),
        ("abc|d.*", ""),
        ("a(b|c).*", ""),
        ("(?i)abc.*", ""),
        (r"\d+", ""),
        (r"ab\d", "ab"),
        ("ab[cd]", "ab"),
        (".*", ""),
        ("^ab", ""),
        ("ab$", "ab"),
    ],
)
def test_how_a_pattern_s_values_begin(pattern, beginning):
    assert _beginning(Matcher("host", "=~", pattern)) == beginning

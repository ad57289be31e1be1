"""What Alertmanager's configuration has no words for is left out of the routing."""

import re

import pytest
import yaml

from alerts.alertmanager.conditions import InexpressibleError, choices
from alerts.alertmanager.routing import render_routing
from opsportal.lib.matchers import parse_matchers
from tests.alerts.policies import NOTIFY, PAGER, policy, rule


@pytest.mark.parametrize(
    ("match", "why"),
    [
        ("load>5", "compares numbers"),
        ('dedup_key="x"', "the fingerprint"),
        ('summary=~".*disk.*"', "an annotation"),
        ('source="nagios"', "for other senders"),
        ("value>1", "for other senders"),
        ('"kubernetes.io/name"="web"', "no name of a label"),
        ('service!="a", resource!="a", environment!="a", region!="a"', "more than 24 routes"),
        ('severity="critical", severity="low"', "no severity is meant"),
    ],
)
def test_what_alertmanager_has_no_words_for_is_left_out_with_its_reason(match, why):
    with pytest.raises(InexpressibleError, match=re.escape(why)):
        choices(parse_matchers(match))
    text = render_routing(policy(rule("odd one", match, NOTIFY)))
    assert re.search(rf"# rule odd one: left out: .*{re.escape(why)}", text)
    assert "routes" not in yaml.safe_load(text)["route"]


def test_what_depends_on_what_a_rule_has_set_is_left_out():
    text = render_routing(
        policy(
            rule("raise", 'job="db"', {"set": {"severity": "critical"}}, order=1),
            rule("worst", 'severity="critical"', NOTIFY, order=2),
        )
    )
    assert "# rule raise: not shown: set" in text
    assert "# rule worst: left out: it asks for severity, which rule raise may set" in text


def test_what_may_be_stopped_before_it_suppresses_is_left_out():
    text = render_routing(
        policy(
            rule("tells", "", NOTIFY, order=1),
            rule("stops", 'job="db"', PAGER, order=2, stop=True),
            rule("hushes", 'severity="info"', {"suppress": ""}, order=3),
        )
    )
    assert "# rule hushes: left out: a rule before it may stop" in text

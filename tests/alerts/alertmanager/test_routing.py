"""The routing in Alertmanager's words: Debian's amtool answers from it what the policy decides."""

import json
import shutil
import subprocess
from datetime import UTC, datetime

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from alerts.alertmanager.routing import receiver_names, render_routing
from alerts.alertmanager.standing import page_name
from alerts.formats.alertmanager import AlertmanagerFormat
from alerts.labels import overlay_labels
from alerts.normalise import SEVERITIES, SEVERITY_SYNONYMS
from opsportal.lib.contracts import Received
from tests.alerts.policies import (
    CHANNELS,
    NOON,
    NOTIFY,
    PAGER,
    TEAMS,
    Asking,
    inhibition,
    policy,
    rule,
    subscription,
)

needs_amtool = pytest.mark.skipif(not shutil.which("amtool"), reason="no amtool on PATH")


def event_of(labels):
    body = json.dumps([{"labels": labels}]).encode()
    received = Received(body, datetime.now(UTC), content_type="application/json")
    [event] = AlertmanagerFormat().parse(received).events
    return event


def seen_labels(labels):
    """What the policy sees of an alert with these labels, from a key of the team `team`."""
    return overlay_labels(event_of(labels), labels.get("team", ""))


def decided(asked, labels) -> set[str]:
    """Whom the policy would tell."""
    subject = Asking(seen_labels(labels))
    verdict = asked.decide(subject, subject.labels["severity"], now=NOON)
    if verdict.suppressed:
        return set()
    return {telling.name for telling in verdict.tellings} | {
        page_name(page.name) for page in verdict.pages
    }


@pytest.fixture
def amtool(tmp_path):
    """What amtool says of a policy."""

    def run(asked, *words: str) -> str:
        path = tmp_path / "alertmanager.yml"
        path.write_text(render_routing(asked))
        file = [str(path)] if words[0] == "check-config" else ["--config.file", str(path)]
        command = ["amtool", *words[:2], *file, *words[2:]]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr + path.read_text()
        return done.stdout.strip()

    return run


def routed(amtool, asked, labels) -> set[str]:
    """Whom amtool says."""
    said = amtool(asked, "config", "routes", "test", *(f"{n}={v}" for n, v in labels.items()))
    return set(said.split(",")) - {"null"}


def tells(amtool, asked, **labels) -> set[str]:
    """Both agree."""
    found = routed(amtool, asked, labels)
    assert found == decided(asked, labels), render_routing(asked)
    return found


@needs_amtool
def test_rules_are_asked_in_order_until_one_stops(amtool):
    asked = policy(
        rule("first", 'alertname="A"', NOTIFY, order=1),
        rule("second", 'alertname=~"A|B"', PAGER, order=2, stop=True),
        rule("last", "", NOTIFY, order=3),
    )
    assert tells(amtool, asked, alertname="A") == {"ops", "pager"}
    assert tells(amtool, asked, alertname="B") == {"pager"}
    assert tells(amtool, asked, alertname="C") == {"ops"}
    assert "continue: true" in amtool(asked, "config", "routes")


@needs_amtool
@pytest.mark.parametrize(
    "label", ["critical", "page", "Critical", "error", "warning", "odd", "", "none"]
)
def test_a_severity_has_many_names(amtool, label):
    worst = policy(rule("worst", 'severity=~"critical|high"', NOTIFY))
    rest = policy(rule("rest", 'severity!~"critical|high"', NOTIFY))
    labels = {"alertname": "A"} | ({"severity": label} if label else {})
    bad = label.lower() in {"critical", "page", "error"}
    assert tells(amtool, worst, **labels) == ({"ops"} if bad else set())
    assert tells(amtool, rest, **labels) == (set() if bad else {"ops"})


@needs_amtool
def test_a_service_is_the_first_of_several_labels(amtool):
    asked = policy(rule("billing", 'service="billing", environment!="test"', NOTIFY))
    assert tells(amtool, asked, alertname="A", service="billing") == {"ops"}
    assert tells(amtool, asked, alertname="A", job="billing") == {"ops"}
    assert tells(amtool, asked, alertname="A", job="billing", service="x") == set()
    assert tells(amtool, asked, alertname="A", app="billing", env="test") == set()
    assert tells(amtool, asked, alertname="A", app="billing", environment="x", env="test") == {
        "ops"
    }


@needs_amtool
def test_what_a_rule_suppresses_nobody_is_told_of_whoever_comes_before(amtool):
    asked = policy(
        rule("all", "", NOTIFY, order=1),
        rule("quiet", 'alertname="Watchdog"', {"suppress": "always on"}, order=2),
        subscription(ids={"channel": 2}, channel="pager"),
    )
    assert tells(amtool, asked, alertname="A") == {"ops", "pager"}
    assert tells(amtool, asked, alertname="Watchdog") == set()
    behind = policy(
        rule("mine", 'alertname="A"', NOTIFY, order=1, stop=True),
        rule("quiet", 'severity="info"', {"suppress": ""}, order=2),
        rule("all", "", PAGER, order=3),
    )
    assert tells(amtool, behind, alertname="A", severity="info") == {"ops"}
    assert tells(amtool, behind, alertname="B", severity="info") == set()
    assert tells(amtool, behind, alertname="B") == {"pager"}


@needs_amtool
def test_a_teams_rule_stops_only_for_its_own(amtool):
    asked = policy(
        rule("ours", "", NOTIFY, order=1, stop=True, team="payments"), rule("all", "", PAGER)
    )
    assert tells(amtool, asked, alertname="A") == {"ops"}
    assert tells(amtool, asked, alertname="A", team="payments") == {"ops"}
    assert tells(amtool, asked, alertname="A", team="search") == {"ops", "pager"}


@needs_amtool
def test_who_is_paged_and_who_has_subscribed_is_a_receiver(amtool):
    asked = policy(
        rule("pages", 'severity="critical"', {"page": "payments"}, stop=True),
        subscription('service="billing"', min_severity="high", ids={"channel": 1}, channel="ops"),
    )
    both = {"page payments", "ops"}
    assert tells(amtool, asked, alertname="A", severity="page", job="billing") == both
    assert tells(amtool, asked, alertname="A", severity="warning", job="billing") == set()
    assert receiver_names(asked) == ["null", "page payments", "ops"]


def test_disabled_channels_and_rules_are_nobody():
    off = {1: type(CHANNELS[1])("ops", enabled=False), 2: CHANNELS[2]}
    asked = policy(rule("a", 'job="a"', NOTIFY), rule("b", "", PAGER, enabled=False), channels=off)
    assert receiver_names(asked) == ["null"]
    assert "routes" not in yaml.safe_load(render_routing(asked))["route"]


@needs_amtool
def test_all_of_it_is_a_valid_configuration(amtool):
    asked = policy(
        rule(
            'odd "name"\nof \x07 two: lines', 'job="a\\"\\n"', NOTIFY, PAGER,
            active_times="mon-fri 22:00-06:00 Europe/Berlin; sat,sun 00:00-24:00; 09:30-17:00",
            group_by=["name", "service"], group_wait=30.0, group_interval=0.0, stop=True,
        ),
        rule("short", "", NOTIFY, group_by=["instance"], group_wait=0.5),
        inhibition('name="NodeDown"', 'severity="warning"', "resource", "zone"),
        inhibition("load>5", "", name="numbers"),
    )  # fmt: skip
    assert "SUCCESS" in amtool(asked, "check-config")
    said = yaml.safe_load(render_routing(asked))
    first = said["route"]["routes"][0]
    assert (first["group_by"], first["group_wait"]) == (["alertname", "service"], "30s")
    assert "group_interval" not in first
    assert said["route"]["routes"][2]["group_wait"] == "500ms"
    [times] = said["time_intervals"]
    assert first["active_time_intervals"] == [times["name"]]
    assert times["time_intervals"][1] == {
        "weekdays": ["tuesday", "wednesday", "thursday", "friday", "saturday"],
        "times": [{"start_time": "00:00", "end_time": "06:00"}],
        "location": "Europe/Berlin",
    }
    assert len(times["time_intervals"]) == 4
    [inhibits] = said["inhibit_rules"]
    assert inhibits["source_matchers"] == ['alertname="NodeDown"']
    assert inhibits["target_matchers"][1:] == ['instance!=""', 'zone!=""']
    assert inhibits["equal"] == ["instance", "zone"]
    assert "# inhibition numbers: left out" in render_routing(asked)


names = st.sampled_from(["alertname", "name", "service", "environment", "team", "job", "zone"])
values = st.sampled_from(["a", "b", "c"])
conditions = st.one_of(
    st.builds('{}{}"{}"'.format, names, st.sampled_from(["=", "!="]), values),
    st.builds(
        '{}{}"{}"'.format,
        names,
        st.sampled_from(["=~", "!~"]),
        st.sampled_from(["a|b", ".+", "a?"]),
    ),
    st.sampled_from(['severity=~"critical|high"', 'severity="warning"', 'severity!="info"']),
)
actions = st.sampled_from(
    [[NOTIFY], [PAGER], [NOTIFY, PAGER], [{"page": "payments"}], [{"suppress": ""}], []]
)
rules = st.fixed_dictionaries(
    {
        "match": st.lists(conditions, max_size=2).map(", ".join),
        "actions": actions,
        "stop": st.booleans(),
        "team": st.sampled_from(["", "", "payments"]),
    }
)
label_sets = st.fixed_dictionaries(
    {"alertname": values},
    optional={
        "severity": st.sampled_from([*SEVERITIES, *SEVERITY_SYNONYMS, "Odd"]),
        **dict.fromkeys(["service", "job", "app", "environment", "env", "zone"], values),
        "team": st.sampled_from(sorted(TEAMS)),
    },
)


@needs_amtool
@settings(
    max_examples=30, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(
    st.lists(rules, min_size=1, max_size=5),
    st.booleans(),
    st.lists(label_sets, min_size=1, max_size=3),
)
def test_amtool_answers_what_the_policy_decides(amtool, drawn, subscribed, asked_for):
    """Of whatever is expressed: where something was left out a comment has said so."""
    made = [
        rule(f"r{n}", one["match"], *one["actions"], order=n, stop=one["stop"], team=one["team"])
        for n, one in enumerate(drawn)
    ]
    ids = {"channel": 2}
    mine = subscription('zone="a"', min_severity="high", ids=ids, channel="pager")
    asked = policy(*made, *([mine] if subscribed else []))
    assume("left out" not in render_routing(asked))
    for labels in asked_for:
        tells(amtool, asked, **labels)

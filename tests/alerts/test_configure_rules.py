"""What rules say in files beside their matchers: times, grouping, paging, remediation."""

from datetime import timedelta

import pytest

from alerts.models import PolicyVersion, Rule
from alerts.policy import rule_policy
from opsportal.accounts.models import Team
from opsportal.lib.configfile import export_config
from opsportal.lib.confignode import ConfigError
from tests.accounts.people import make_person
from tests.alerts.configuring import FILE, apply

pytestmark = pytest.mark.django_db
FULL = """\
- name: database
  match: service=~"db-.*"
  order: 3
  active_times:
  - mon-fri 09:00-17:00 Europe/Berlin
  - sat 10:00-14:00
  group_by:
  - service
  - environment
  group_wait: 30s
  group_interval: 1h30m
  actions:
  - page: payments
  - remediate: restart
    with:
      least: 2
      region: eu-west-1
    dry_run: false
    approval: none
  - remediate: restart
    dry_run: true
    approval: required
"""


def test_times_grouping_paging_and_remediation_survive_a_round_trip(settings):
    settings.REMEDIATIONS = ["tests.alerts.plugins.Restart"]
    apply(FILE + FULL)
    rule = Rule.objects.get(name="database")
    assert rule.active_times == "mon-fri 09:00-17:00 Europe/Berlin; sat 10:00-14:00"
    assert rule.group_by == ["service", "environment"]
    assert (rule.group_wait, rule.group_interval) == (
        timedelta(seconds=30),
        timedelta(minutes=90),
    )
    page, act, simulate = rule.actions.all()
    assert page.team.name == "payments"
    assert (act.value, act.dry_run, act.approval) == ("restart", False, "none")
    assert act.parameters == {"region": "eu-west-1", "least": 2}
    assert (simulate.parameters, simulate.dry_run, simulate.approval) == ({}, True, "required")
    text = export_config()
    assert FULL in text
    versions = PolicyVersion.objects.count()
    assert apply(text).difference == ""
    assert PolicyVersion.objects.count() == versions
    apply("rules: [{name: database, active_times: null, group_by: null, group_wait: 0s}]")
    rule.refresh_from_db()
    assert (rule.active_times, rule.group_by, rule.group_wait) == ("", [], timedelta(0))


def test_a_file_and_the_page_make_the_same_rule(client, settings):
    settings.REMEDIATIONS = ["tests.alerts.plugins.Restart"]
    apply(FILE + FULL)
    by_file = rule_policy(*stored("database"))
    client.force_login(make_person("administrator"))
    team = Team.objects.get(name="payments").pk
    form = {
        "name": "by hand", "match": 'service=~"db-.*"', "order": "3", "enabled": "on",
        "active_times": "mon-fri 09:00-17:00 Europe/Berlin; sat 10:00-14:00",
        "group_by": "service, environment", "group_wait": "30s", "group_interval": "1h 30m",
        "actions-TOTAL_FORMS": 3, "actions-INITIAL_FORMS": 0,
        "actions-0-kind": "page", "actions-0-team": team,
        "actions-1-kind": "remediate", "actions-1-plugin": "restart",
        "actions-1-parameters": "region: eu-west-1\nleast: 2", "actions-1-approval": "none",
        "actions-2-kind": "remediate", "actions-2-plugin": "restart", "actions-2-dry_run": "on",
        "actions-2-approval": "required",
    }  # fmt: skip
    assert client.post("/admin/alerts/rule/add/", form).status_code == 302
    assert rule_policy(*stored("by hand")) | {"name": "database"} == by_file
    Rule.objects.get(name="database").delete()
    Rule.objects.filter(name="by hand").update(name="database")
    assert FULL in export_config()
    html = client.get(f"/admin/alerts/rule/{stored('database')[0].pk}/change/").content.decode()
    for text in ("service, environment", "30s", "1h30m", "region: eu-west-1"):
        assert text in html


def stored(name):
    rule = Rule.objects.select_related("team").get(name=name)
    return rule, list(rule.actions.select_related("channel", "team"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rules: [{name: x, actions: [{tell: x}]}]", "rules[0].actions[0].tell: unknown"),
        ("rules: [{name: x, actions: [{dry_run: true}]}]", "actions[0]: write one of notify"),
        (
            "rules: [{name: x, actions: [{suppress: a, dry_run: true}]}]",
            "rules[0].actions[0].dry_run: belongs to a remediate",
        ),
        (
            "rules: [{name: x, actions: [{remediate: magic}]}]",
            "rules[0].actions[0].remediate: 'magic' is no remediation; known: ",
        ),
        (
            "rules: [{name: x, actions: [{remediate: webhook, approval: maybe}]}]",
            "rules[0].actions[0].approval: write none or required",
        ),
        (
            "rules: [{name: x, actions: [{remediate: webhook, with: [1]}]}]",
            "rules[0].actions[0].with: write keys and values",
        ),
        ("rules: [{name: x, active_times: never}]", "rules[0].active_times: 'never' is not under"),
        ("rules: [{name: x, active_times: [5]}]", "rules[0].active_times[0]: write a text"),
        ("rules: [{name: x, group_by: service}]", "rules[0].group_by: write a list"),
        ("rules: [{name: x, group_wait: 10}]", "rules[0].group_wait: write a text"),
        ("rules: [{name: x, group_wait: soon}]", "rules[0].group_wait: 'soon' is no duration"),
        ("rules: [{name: x, group_wait: 2h}]", "rules[0].group_wait: from 0 to 1 hour"),
    ],
)
def test_a_complaint_says_where_and_what_to_do(text, message):
    with pytest.raises(ConfigError) as caught:
        apply(text)
    assert message in caught.value.message
    assert not Rule.objects.exists()

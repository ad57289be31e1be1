"""Schedules and escalation policies in configuration files."""

from datetime import time, timedelta

import pytest

from alerts.models import EscalationPolicy, EscalationTarget, Schedule
from opsportal.lib.configfile import export_config
from opsportal.lib.confignode import ConfigError
from opsportal.lib.crypto import MASK
from tests.alerts.configuring import apply
from tests.alerts.paging import person

pytestmark = pytest.mark.django_db
FILE = """\
teams:
- name: payments
  members: []
channels:
- name: mail
  kind: email
  settings:
    to:
    - a@example.org
schedules:
- name: primary
  team: payments
  zone: Europe/Berlin
  description: Who answers first
  layers:
  - name: weekly
    rotation: 1w
    starts_at: 2026-01-05 09:00
    people:
    - jo
    - sam
    - jo
  - name: office
    rotation: 12h
    starts_at: 2026-01-05 09:00
    people:
    - sam
    hours: mon-fri 09:00-17:00
- name: shared
  zone: UTC
  layers: []
  ical_url: https://calendar.example.org/secret-token/basic.ics
escalations:
- name: payments
  team: payments
  repeat: 2
  repeat_after: 10m
  steps:
  - delay: 0s
    notify:
    - schedule: primary
    - channel: mail
  - delay: 1h30m
    notify:
    - user: jo
    - team: payments
rules: []
"""


@pytest.fixture(autouse=True)
def _people():
    person("jo"), person("sam")


def exported() -> str:
    """Without the sections of others."""
    wanted = ("teams", "channels", "schedules", "escalations", "rules")
    lines, shown = [], False
    for line in export_config().splitlines():
        if line and line[0].isalpha():
            shown = line.split(":")[0] in wanted
        if shown and not line.startswith("#"):
            lines.append(line)
    return "\n".join(lines) + "\n"


def test_a_file_makes_schedules_and_policies():
    apply(FILE)
    primary = Schedule.objects.get(name="primary")
    weekly, office = primary.layers.all()
    assert (weekly.length, weekly.unit, weekly.starts_at) == (1, "weeks", time(9))
    assert [place.user.username for place in weekly.places.all()] == ["jo", "sam", "jo"]
    assert (office.length, office.unit, office.hours) == (12, "hours", "mon-fri 09:00-17:00")
    policy = EscalationPolicy.objects.get()
    assert (policy.repeat, policy.repeat_after) == (2, timedelta(minutes=10))
    assert [step.delay for step in policy.steps.all()] == [timedelta(0), timedelta(minutes=90)]
    assert [str(target) for target in EscalationTarget.objects.order_by("pk")] == [
        "schedule primary", "channel mail", "user jo", "team payments",
    ]  # fmt: skip


def test_the_export_of_an_import_is_the_same_text():
    apply(FILE)
    said = FILE.replace("https://calendar.example.org/secret-token/basic.ics", f"'{MASK}'")
    assert exported() == said
    assert apply(FILE).difference == ""
    assert apply(export_config()).difference == ""
    assert Schedule.objects.get(name="shared").ical_url.endswith("secret-token/basic.ics")


def test_the_address_of_a_calendar_is_not_shown_in_the_difference():
    outcome = apply(FILE)
    assert "secret-token" not in outcome.difference
    assert "ical_url: secret " in outcome.difference


def test_keys_that_are_absent_stay_untouched():
    apply(FILE)
    assert apply("schedules: [{name: primary, description: ''}]").difference.count("\n-") == 1
    assert Schedule.objects.get(name="primary").layers.count() == 2
    apply("escalations: [{name: payments, repeat: 0}]")
    assert EscalationPolicy.objects.get().steps.count() == 2


LAYER = "{name: a, rotation: 1w, starts_at: '2026-01-05 09:00', people: [jo]}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("schedules: [{name: x, zone: Mars/Base}]", "schedules[0].zone: 'Mars/Base' is no time"),
        ("schedules: [{name: x, ical_url: 'ftp://x'}]", "schedules[0].ical_url: Only http"),
        (f"schedules: [{{name: x, ical_url: '{MASK}'}}]", "none is stored"),
        ("schedules: [{name: x, layers: [{name: a}]}]", "layers[0]: rotation is missing"),
        (f"schedules: [{{name: x, layers: [{LAYER.replace('1w', '1y')}]}}]", "no length of a turn"),
        (f"schedules: [{{name: x, layers: [{LAYER.replace('1w', '0d')}]}}]", "from 1 to 400"),
        (f"schedules: [{{name: x, layers: [{LAYER.replace('jo', 'kim')}]}}]", "no user 'kim'"),
        (f"schedules: [{{name: x, layers: [{LAYER.replace('[jo]', '[]')}]}}]", "from 1 to 100"),
        (f"schedules: [{{name: x, layers: [{LAYER.replace('2026-01', 'x')}]}}]", "no wall time"),
        (f"schedules: [{{name: x, layers: [{LAYER}, {LAYER}]}}]", "a second layer"),
        ("escalations: [{name: x}]", "escalations[0]: steps is missing"),
        ("escalations: [{name: x, steps: []}]", "from 1 to 20 steps"),
        ("escalations: [{name: x, steps: [{notify: []}]}]", "whom the step tells"),
        ("escalations: [{name: x, steps: [{notify: [{user: kim}]}]}]",
         "escalations[0].steps[0].notify[0].user: there is no user 'kim'"),
        ("escalations: [{name: x, steps: [{delay: soon, notify: [{user: jo}]}]}]",
         "steps[0].delay: 'soon' is no duration"),
        ("escalations: [{name: x, steps: [{delay: 8d, notify: [{user: jo}]}]}]", "from 0s to 7d"),
        ("escalations: [{name: x, repeat: 10, steps: [{notify: [{user: jo}]}]}]", "from 0 to 9"),
        ("escalations: [{name: x, repeat_after: 0s, steps: [{notify: [{user: jo}]}]}]", "1s to 7d"),
    ],
)  # fmt: skip
def test_a_complaint_says_where_and_what_to_do(text, message):
    with pytest.raises(ConfigError) as caught:
        apply(text)
    assert message in str(caught.value)
    assert not Schedule.objects.exists()


def test_seconds_and_dates_of_yaml_are_understood():
    layer = LAYER.replace("'2026-01-05 09:00'", "2026-01-05 09:00:00")
    apply(f"schedules: [{{name: x, layers: [{layer}]}}]")
    assert Schedule.objects.get().layers.get().starts_at == time(9)


def test_pruning_removes_policies_before_what_they_ask():
    apply(FILE)
    apply("schedules: []\nescalations: []", prune=True)
    assert not Schedule.objects.exists()
    assert not EscalationPolicy.objects.exists()


def test_a_schedule_that_a_policy_asks_stays():
    apply(FILE)
    with pytest.raises(ConfigError, match="is asked by the escalation policies payments"):
        apply("schedules: []", prune=True)
